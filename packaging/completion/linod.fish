# Completion of linod for fish. Made by `make completion` from packaging/completion.in: change that.

# The names that linod knows, one a line: tasks, procedures, users or sites. Nothing when it is stopped.
function __linod_ask
    set -l site
    set -l before
    for word in (commandline -opc)
        switch $word
            case '--site=*'
                set site --site (string replace -- --site= '' $word)
            case '*'
                test "$before" = --site; and set site --site $word
        end
        set before $word
    end
    linod-ctl complete $site $argv[1] 2>/dev/null
end

# The command that stands on the line, and its arguments so far.
function __linod_words
    set -l skip no
    for word in (commandline -opc)[2..-1]
        if test $skip = yes
            set skip no
            continue
        end
        switch $word
            case --settings --site --pythonpath --verbosity -v --loops --log-level
                set skip yes
            case '-*'
            case '*'
                printf '%s\n' $word
        end
    end
end

# Whether the line has the command $argv[1], and the argument to complete is its `first`, one of the `rest`, or `any`.
function __linod_at
    set -l words (__linod_words)
    test "$words[1]" = $argv[1]; or return 1
    switch $argv[2]
        case first
            test (count $words) -eq 1
        case rest
            test (count $words) -gt 1
    end
end

complete -c linod -f
complete -c linod -l settings -r -F -d 'The site\'s TOML file, or a dotted Python package that holds linod.toml'
complete -c linod -l site -x -a '(__linod_ask sites)' -d 'The site configured by /etc/linod/NAME.toml'
complete -c linod -l pythonpath -x -a '(__fish_complete_directories)' -d 'A directory to add to the Python path, for --settings and for plugins'
complete -c linod -l verbosity -s v -x -a '0 1 2 3' -d 'What the daemon logs of itself: 0 warnings and errors, 1 as configured (default: INFO), 2 INFO at least, 3 DEBUG'
complete -c linod -l traceback -d 'Show the full stack trace of an error'
complete -c linod -l no-color -d 'Don\'t colorize the output'
complete -c linod -l force-color -d 'Colorize the output even if it is no terminal'
complete -c linod -l skip-checks -d 'Skip the warnings about settings and plugins'
complete -c linod -l version -d 'Show the program\'s version number and exit'
complete -c linod -l help -s h -d 'Show this message and exit'
complete -c linod -n 'test (count (__linod_words)) = 0' -a check -d 'Check settings, plugins, database and tasks without starting'
complete -c linod -n 'test (count (__linod_words)) = 0' -a prep -d 'Make the database and its rows, run the loop once, and stop'
complete -c linod -n 'test (count (__linod_words)) = 0' -a run -d 'Run one task in this terminal, while no linod serves the site'
complete -c linod -n '__linod_at prep any' -l loops -x -d 'How often to run the loop'
complete -c linod -n '__linod_at run any' -l log-level -x -a 'DEBUG INFO WARNING ERROR CRITICAL' -d 'Logging level for this run only'
complete -c linod -n '__linod_at run first' -x -a '(__linod_ask tasks)'

# Completion of linod-ctl for fish. Made by `make completion` from packaging/completion.in: change that.

# The names that linod knows, one a line: tasks, procedures, users or sites. Nothing when it is stopped.
function __linod_ctl_ask
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
function __linod_ctl_words
    set -l skip no
    for word in (commandline -opc)[2..-1]
        if test $skip = yes
            set skip no
            continue
        end
        switch $word
            case --site --status --procedure --class --number -n --from --hours --log-level --job -j --outcome --since --until --before --lines --name --language --time-zone
                set skip yes
            case '-*'
            case '*'
                printf '%s\n' $word
        end
    end
end

# Whether the line has the command $argv[1], and the argument to complete is its `first`, one of the `rest`, or `any`.
function __linod_ctl_at
    set -l words (__linod_ctl_words)
    test "$words[1]" = $argv[1]; or return 1
    switch $argv[2]
        case first
            test (count $words) -eq 1
        case rest
            test (count $words) -gt 1
    end
end

# COLUMN=VALUE: the columns, and the values of those that have only some.
function __linod_ctl_columns
    switch (commandline -ct)
        case 'every_unit=*'
            printf '%s\n' every_unit={once,never,secondly,minutely,hourly,daily,weekly,monthly,yearly,easter}
        case 'monday=*'
            printf '%s\n' monday={yes,no}
        case 'tuesday=*'
            printf '%s\n' tuesday={yes,no}
        case 'wednesday=*'
            printf '%s\n' wednesday={yes,no}
        case 'thursday=*'
            printf '%s\n' thursday={yes,no}
        case 'friday=*'
            printf '%s\n' friday={yes,no}
        case 'saturday=*'
            printf '%s\n' saturday={yes,no}
        case 'sunday=*'
            printf '%s\n' sunday={yes,no}
        case 'overlap=*'
            printf '%s\n' overlap={skip,queue,replace}
        case 'missed=*'
            printf '%s\n' missed={once,skip}
        case 'on_failure=*'
            printf '%s\n' on_failure={disable,retry,continue}
        case 'on_crash=*'
            printf '%s\n' on_crash={next,again}
        case 'log_level=*'
            printf '%s\n' log_level={DEBUG,INFO,WARNING,ERROR,CRITICAL}
        case 'disabled=*'
            printf '%s\n' disabled={yes,no}
        case '*'
            printf '%s\n' name= procedure= every_unit= every= positions= monday= tuesday= wednesday= thursday= friday= saturday= sunday= max_events= start_date= start_time= end_date= end_time= time_zone= overlap= missed= on_failure= retries= retry_pause= on_crash= timeout= priority= splay= queue= memory_max= cpu_weight= pids_max= keep_days= keep_jobs= log_level= disabled= seqno=
    end
end

complete -c linod-ctl -f
complete -c linod-ctl -l site -x -a '(__linod_ctl_ask sites)' -d 'Site; else $LINOD_SITE, ./linod.toml, or linod'
complete -c linod-ctl -l json -d 'Print JSON for programs; moments are in UTC'
complete -c linod-ctl -l no-color -d 'No colours; also with $NO_COLOR'
complete -c linod-ctl -l version -d 'Print the version and end'
complete -c linod-ctl -l help -s h -d 'Show this message and exit'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a status -d 'Show what needs a human, and how linod is'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a list -d 'List the tasks, each class in a table of its own'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a show -d 'Show one task, and its last job'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a preview -d 'Show when a task will fall due, and what is unusual about it'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a calendar -d 'Show what falls due in the next 24 hours, task by task'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a run-now -d 'Request tasks to run as soon as possible'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a cancel-run -d 'Cancel a request that waits'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a enable -d 'Let tasks run by their schedule'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a disable -d 'Keep tasks from their schedule'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a kill -d 'End the job of a task'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a jobs -d 'List jobs, the newest first'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a show-job -d 'Explain one job: why it ran, how it ended, what comes next'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a log -d 'Show what jobs logged'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a changes -d 'List what operators did: who, when, what'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a procedures -d 'List what the plugins have registered'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a kinds -d 'List the classes of tasks that plugins brought'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a log-levels -d 'List the logging levels of tasks'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a set -d 'Set columns of a task'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a add -d 'Add a task for a procedure'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a remove -d 'Remove a task'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a move-up -d 'Move a task up in the list'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a move-down -d 'Move a task down in the list'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a duplicate -d 'Put a copy of a task behind it'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a users -d 'List the users of the site'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a add-user -d 'Add a user of the site'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a set-user -d 'Set the language or the time zone of a user'
complete -c linod-ctl -n 'test (count (__linod_ctl_words)) = 0' -a reload -d 'Read settings and plugins anew'
complete -c linod-ctl -n '__linod_ctl_at status any' -l check -d 'Only what needs a human; exit code 1 when there is something'
complete -c linod-ctl -n '__linod_ctl_at list any' -l status -x -a 'enabled disabled running requested failed overdue' -d 'Such as failed: enabled, disabled, running, requested, failed, overdue'
complete -c linod-ctl -n '__linod_ctl_at list any' -l procedure -x -a '(__linod_ctl_ask procedures)' -d 'That run this procedure'
complete -c linod-ctl -n '__linod_ctl_at list any' -l class -x -d 'Of this class, such as linod.SystemTask'
complete -c linod-ctl -n '__linod_ctl_at list any' -l number -s n -x -d 'How many, 0 for all; else 200 on a terminal, and all elsewhere'
complete -c linod-ctl -n '__linod_ctl_at list first' -x -a '(__linod_ctl_ask tasks)'
complete -c linod-ctl -n '__linod_ctl_at show first' -x -a '(__linod_ctl_ask tasks)'
complete -c linod-ctl -n '__linod_ctl_at preview any' -l number -s n -x -d 'How many'
complete -c linod-ctl -n '__linod_ctl_at preview any' -l from -x -d 'Such as 2026-11-24, \'2026-11-24 04:00\' or 2026-11-24T03:00:00Z; else now'
complete -c linod-ctl -n '__linod_ctl_at preview first' -x -a '(__linod_ctl_ask tasks)'
complete -c linod-ctl -n '__linod_ctl_at calendar any' -l hours -x -d 'How far to look ahead'
complete -c linod-ctl -n '__linod_ctl_at calendar any' -l from -x -d 'Such as 2026-11-24, \'2026-11-24 04:00\' or 2026-11-24T03:00:00Z; else now'
complete -c linod-ctl -n '__linod_ctl_at calendar any' -l number -s n -x -d 'How many tasks, those due first'
complete -c linod-ctl -n '__linod_ctl_at run-now any' -l wait -s w -d 'Wait for the end; its outcome is the exit code'
complete -c linod-ctl -n '__linod_ctl_at run-now any' -l follow -s f -d 'Show the log live, and wait as --wait does'
complete -c linod-ctl -n '__linod_ctl_at run-now any' -l log-level -x -a 'DEBUG INFO WARNING ERROR CRITICAL' -d 'Logging level for this run only'
complete -c linod-ctl -n '__linod_ctl_at run-now any' -x -a '(__linod_ctl_ask tasks)'
complete -c linod-ctl -n '__linod_ctl_at cancel-run first' -x -a '(__linod_ctl_ask tasks)'
complete -c linod-ctl -n '__linod_ctl_at enable any' -x -a '(__linod_ctl_ask tasks)'
complete -c linod-ctl -n '__linod_ctl_at disable any' -x -a '(__linod_ctl_ask tasks)'
complete -c linod-ctl -n '__linod_ctl_at kill any' -l job -s j -x -d 'The job, by its number'
complete -c linod-ctl -n '__linod_ctl_at kill first' -x -a '(__linod_ctl_ask tasks)'
complete -c linod-ctl -n '__linod_ctl_at jobs any' -l outcome -x -a '(__fish_append , claimed running succeeded warned failed timed_out out_of_memory cancelled interrupted missed skipped)' -d 'Such as failed,interrupted'
complete -c linod-ctl -n '__linod_ctl_at jobs any' -l since -x -a 'today yesterday -1h -1d' -d 'From then on, such as yesterday or -2h'
complete -c linod-ctl -n '__linod_ctl_at jobs any' -l until -x -a 'today yesterday -1h -1d' -d 'Before then'
complete -c linod-ctl -n '__linod_ctl_at jobs any' -l number -s n -x -d 'How many, the newest first'
complete -c linod-ctl -n '__linod_ctl_at jobs any' -l before -x -d 'Only those before this one'
complete -c linod-ctl -n '__linod_ctl_at jobs first' -x -a '(__linod_ctl_ask tasks)'
complete -c linod-ctl -n '__linod_ctl_at show-job first' -x
complete -c linod-ctl -n '__linod_ctl_at log any' -l job -s j -x -d 'Of this job only'
complete -c linod-ctl -n '__linod_ctl_at log any' -l follow -s f -d 'Go on with what is logged from now on'
complete -c linod-ctl -n '__linod_ctl_at log any' -l lines -s n -x -d 'How many of the last lines; else all of the last job'
complete -c linod-ctl -n '__linod_ctl_at log first' -x -a '(__linod_ctl_ask tasks)'
complete -c linod-ctl -n '__linod_ctl_at changes any' -l since -x -a 'today yesterday -1h -1d' -d 'From then on, such as yesterday or -2h'
complete -c linod-ctl -n '__linod_ctl_at changes any' -l until -x -a 'today yesterday -1h -1d' -d 'Before then'
complete -c linod-ctl -n '__linod_ctl_at changes any' -l number -s n -x -d 'How many, the newest first'
complete -c linod-ctl -n '__linod_ctl_at changes any' -l before -x -d 'Only those before this one'
complete -c linod-ctl -n '__linod_ctl_at changes first' -x -a '(__linod_ctl_ask tasks)'
complete -c linod-ctl -n '__linod_ctl_at set first' -x -a '(__linod_ctl_ask tasks)'
complete -c linod-ctl -n '__linod_ctl_at set rest' -x -a '(__linod_ctl_columns)'
complete -c linod-ctl -n '__linod_ctl_at add any' -l name -x -d 'Name of the task; else that of the procedure'
complete -c linod-ctl -n '__linod_ctl_at add any' -l class -x -d 'That the procedure is for; another is refused'
complete -c linod-ctl -n '__linod_ctl_at add first' -x -a '(__linod_ctl_ask procedures)'
complete -c linod-ctl -n '__linod_ctl_at add rest' -x -a '(__linod_ctl_columns)'
complete -c linod-ctl -n '__linod_ctl_at remove first' -x -a '(__linod_ctl_ask tasks)'
complete -c linod-ctl -n '__linod_ctl_at move-up any' -l number -s n -x -d 'By how many places'
complete -c linod-ctl -n '__linod_ctl_at move-up first' -x -a '(__linod_ctl_ask tasks)'
complete -c linod-ctl -n '__linod_ctl_at move-down any' -l number -s n -x -d 'By how many places'
complete -c linod-ctl -n '__linod_ctl_at move-down first' -x -a '(__linod_ctl_ask tasks)'
complete -c linod-ctl -n '__linod_ctl_at duplicate any' -l name -x -d 'Name of the copy; else that of the task and "(copy)"'
complete -c linod-ctl -n '__linod_ctl_at duplicate first' -x -a '(__linod_ctl_ask tasks)'
complete -c linod-ctl -n '__linod_ctl_at duplicate rest' -x -a '(__linod_ctl_columns)'
complete -c linod-ctl -n '__linod_ctl_at add-user any' -l language -x -d 'Such as de or pt-br'
complete -c linod-ctl -n '__linod_ctl_at add-user any' -l time-zone -x -d 'Such as Europe/Brussels; else that of the site'
complete -c linod-ctl -n '__linod_ctl_at add-user first' -x
complete -c linod-ctl -n '__linod_ctl_at set-user first' -x -a '(__linod_ctl_ask users)'
complete -c linod-ctl -n '__linod_ctl_at set-user rest' -x -a 'language= time_zone='

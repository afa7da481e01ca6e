# Completion of linod-ctl for bash. Made by `make completion` from packaging/completion.in: change that.

# The names that linod knows, one a line: tasks, procedures, users or sites. Nothing when it is stopped.
_linod_ctl_ask() {
    linod-ctl complete "${site[@]}" "$1" 2>/dev/null
}

# Its arguments, one a line.
_linod_ctl_words() {
    printf '%s\n' "$@"
}

# Without the backslashes that quote characters.
_linod_ctl_plain() {
    local text=$1
    typed=
    while [[ $text == *\\?* ]]; do
        typed+=${text%%\\*}
        text=${text#*\\}
        typed+=${text:0:1}
        text=${text:1}
    done
    typed+=$text
}

# Offer what standard input has in lines, $1 in front of each, where it begins with what was typed: quoted as that is.
_linod_ctl_offer() {
    local name
    while IFS= read -r name; do
        name=$1$name
        [[ $name == "$typed"* ]] || continue
        case $quote in
        \') name=${name//\'/\'\\\'\'} ;;
        \")
            name=${name//\\/\\\\}
            name=${name//\"/\\\"}
            name=${name//\$/\\\$}
            name=${name//\`/\\\`}
            ;;
        *)
            [[ $name != *[!A-Za-z0-9_.,:=+-]* ]] || printf -v name %q "$name" # which quotes commas too
            name=${name#"$broken"}
            ;;
        esac
        COMPREPLY+=("$name")
    done
}

# Offer the words behind $1 as a list with commas: each stands in for what is behind the last one. $1 is not of the list.
_linod_ctl_list() {
    local list=${typed#"$1"}
    local before=$1${list%"${list##*,}"}
    shift
    _linod_ctl_offer "$before" < <(_linod_ctl_words "$@")
}

# COLUMN=VALUE: the columns, and the values of those that have only some.
_linod_ctl_columns() {
    local column=${typed%%=*}
    if [[ $typed != *=* ]]; then
        compopt -o nospace
        _linod_ctl_offer '' < <(_linod_ctl_words name= procedure= every_unit= every= positions= monday= tuesday= wednesday= thursday= friday= saturday= sunday= max_events= start_date= start_time= end_date= end_time= time_zone= overlap= missed= on_failure= retries= retry_pause= on_crash= timeout= priority= splay= queue= memory_max= cpu_weight= pids_max= keep_days= keep_jobs= log_level= disabled= seqno=)
        return
    fi
    case $column in
    every_unit) _linod_ctl_offer "$column=" < <(_linod_ctl_words once never secondly minutely hourly daily weekly monthly yearly easter) ;;
    monday) _linod_ctl_offer "$column=" < <(_linod_ctl_words yes no) ;;
    tuesday) _linod_ctl_offer "$column=" < <(_linod_ctl_words yes no) ;;
    wednesday) _linod_ctl_offer "$column=" < <(_linod_ctl_words yes no) ;;
    thursday) _linod_ctl_offer "$column=" < <(_linod_ctl_words yes no) ;;
    friday) _linod_ctl_offer "$column=" < <(_linod_ctl_words yes no) ;;
    saturday) _linod_ctl_offer "$column=" < <(_linod_ctl_words yes no) ;;
    sunday) _linod_ctl_offer "$column=" < <(_linod_ctl_words yes no) ;;
    overlap) _linod_ctl_offer "$column=" < <(_linod_ctl_words skip queue replace) ;;
    missed) _linod_ctl_offer "$column=" < <(_linod_ctl_words once skip) ;;
    on_failure) _linod_ctl_offer "$column=" < <(_linod_ctl_words disable retry continue) ;;
    on_crash) _linod_ctl_offer "$column=" < <(_linod_ctl_words next again) ;;
    log_level) _linod_ctl_offer "$column=" < <(_linod_ctl_words DEBUG INFO WARNING ERROR CRITICAL) ;;
    disabled) _linod_ctl_offer "$column=" < <(_linod_ctl_words yes no) ;;
    esac
}

_linod_ctl() {
    local words=() site=() line=$COMP_LINE word cur typed quote='' broken='' prefix='' option='' command='' at=0 i
    COMPREPLY=()
    # bash splits words at = and :, which stand within options, columns and ids: put together what has no space between.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i)) && [[ $line != [[:space:]]* ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
        line=${line#*"$word"}
    done
    cur=${words[-1]}
    case $cur in
    [\'\"]*)
        quote=${cur:0:1}
        _linod_ctl_plain "${cur:1}"
        ;;
    *)
        _linod_ctl_plain "$cur"
        [[ $cur != *[=:]* ]] || broken=${cur%"${cur##*[=:]}"} # readline replaces only what is behind the last of them
        ;;
    esac

    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        word=${words[i]}
        case $word in
        --site=*) site=(--site "${word#*=}") ;;
        --site | --status | --procedure | --class | --number | -n | --from | --hours | --log-level | --job | -j | --outcome | --since | --until | --before | --lines | --name | --language | --time-zone)
            option=$word
            if ((++i < ${#words[@]} - 1)); then
                [[ $word != --site ]] || site=(--site "${words[i]}")
                option=
            fi
            ;;
        -*) ;;
        *) if [[ $command ]]; then ((++at)); else command=$word; fi ;;
        esac
    done
    if [[ ! $option && $typed == --*=* ]]; then
        option=${typed%%=*}
        prefix=$option=
    fi

    case $option in
    '') ;;
    --site) _linod_ctl_offer "$prefix" < <(_linod_ctl_ask sites) ;;
    --status) _linod_ctl_offer "$prefix" < <(_linod_ctl_words enabled disabled running requested failed overdue) ;;
    --procedure) _linod_ctl_offer "$prefix" < <(_linod_ctl_ask procedures) ;;
    --log-level) _linod_ctl_offer "$prefix" < <(_linod_ctl_words DEBUG INFO WARNING ERROR CRITICAL) ;;
    --outcome) _linod_ctl_list "$prefix" claimed running succeeded warned failed timed_out out_of_memory cancelled interrupted missed skipped ;;
    --since) _linod_ctl_offer "$prefix" < <(_linod_ctl_words today yesterday -1h -1d) ;;
    --until) _linod_ctl_offer "$prefix" < <(_linod_ctl_words today yesterday -1h -1d) ;;
    *) return ;;
    esac
    if [[ $option ]]; then
        return
    elif [[ $typed == -* ]]; then
        case $command in
        status) _linod_ctl_offer '' < <(_linod_ctl_words --check) ;;
        list) _linod_ctl_offer '' < <(_linod_ctl_words --status --procedure --class --number -n) ;;
        preview) _linod_ctl_offer '' < <(_linod_ctl_words --number -n --from) ;;
        calendar) _linod_ctl_offer '' < <(_linod_ctl_words --hours --from --number -n) ;;
        run-now) _linod_ctl_offer '' < <(_linod_ctl_words --wait -w --follow -f --log-level) ;;
        kill) _linod_ctl_offer '' < <(_linod_ctl_words --job -j) ;;
        jobs) _linod_ctl_offer '' < <(_linod_ctl_words --outcome --since --until --number -n --before) ;;
        log) _linod_ctl_offer '' < <(_linod_ctl_words --job -j --follow -f --lines -n) ;;
        changes) _linod_ctl_offer '' < <(_linod_ctl_words --since --until --number -n --before) ;;
        add) _linod_ctl_offer '' < <(_linod_ctl_words --name --class) ;;
        move-up) _linod_ctl_offer '' < <(_linod_ctl_words --number -n) ;;
        move-down) _linod_ctl_offer '' < <(_linod_ctl_words --number -n) ;;
        duplicate) _linod_ctl_offer '' < <(_linod_ctl_words --name) ;;
        add-user) _linod_ctl_offer '' < <(_linod_ctl_words --language --time-zone) ;;
        esac
        _linod_ctl_offer '' < <(_linod_ctl_words --site --json --no-color --version --help -h)
    elif [[ ! $command ]]; then
        _linod_ctl_offer '' < <(_linod_ctl_words status list show preview calendar run-now cancel-run enable disable kill jobs show-job log changes procedures kinds log-levels set add remove move-up move-down duplicate users add-user set-user reload)
    else
        case $command:$at in
        list:0) _linod_ctl_offer '' < <(_linod_ctl_ask tasks) ;;
        show:0) _linod_ctl_offer '' < <(_linod_ctl_ask tasks) ;;
        preview:0) _linod_ctl_offer '' < <(_linod_ctl_ask tasks) ;;
        run-now:*) _linod_ctl_offer '' < <(_linod_ctl_ask tasks) ;;
        cancel-run:0) _linod_ctl_offer '' < <(_linod_ctl_ask tasks) ;;
        enable:*) _linod_ctl_offer '' < <(_linod_ctl_ask tasks) ;;
        disable:*) _linod_ctl_offer '' < <(_linod_ctl_ask tasks) ;;
        kill:0) _linod_ctl_offer '' < <(_linod_ctl_ask tasks) ;;
        jobs:0) _linod_ctl_offer '' < <(_linod_ctl_ask tasks) ;;
        show-job:0) : ;;
        log:0) _linod_ctl_offer '' < <(_linod_ctl_ask tasks) ;;
        changes:0) _linod_ctl_offer '' < <(_linod_ctl_ask tasks) ;;
        set:0) _linod_ctl_offer '' < <(_linod_ctl_ask tasks) ;;
        set:*) _linod_ctl_columns ;;
        add:0) _linod_ctl_offer '' < <(_linod_ctl_ask procedures) ;;
        add:*) _linod_ctl_columns ;;
        remove:0) _linod_ctl_offer '' < <(_linod_ctl_ask tasks) ;;
        move-up:0) _linod_ctl_offer '' < <(_linod_ctl_ask tasks) ;;
        move-down:0) _linod_ctl_offer '' < <(_linod_ctl_ask tasks) ;;
        duplicate:0) _linod_ctl_offer '' < <(_linod_ctl_ask tasks) ;;
        duplicate:*) _linod_ctl_columns ;;
        add-user:0) : ;;
        set-user:0) _linod_ctl_offer '' < <(_linod_ctl_ask users) ;;
        set-user:*) compopt -o nospace; _linod_ctl_offer '' < <(_linod_ctl_words language= time_zone=) ;;
        esac
    fi
}

complete -F _linod_ctl linod-ctl

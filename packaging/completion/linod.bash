# Completion of linod for bash. Made by `make completion` from packaging/completion.in: change that.

# The names that linod knows, one a line: tasks, procedures, users or sites. Nothing when it is stopped.
_linod_ask() {
    linod-ctl complete "${site[@]}" "$1" 2>/dev/null
}

# Its arguments, one a line.
_linod_words() {
    printf '%s\n' "$@"
}

# Without the backslashes that quote characters.
_linod_plain() {
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
_linod_offer() {
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

_linod() {
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
        _linod_plain "${cur:1}"
        ;;
    *)
        _linod_plain "$cur"
        [[ $cur != *[=:]* ]] || broken=${cur%"${cur##*[=:]}"} # readline replaces only what is behind the last of them
        ;;
    esac

    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        word=${words[i]}
        case $word in
        --site=*) site=(--site "${word#*=}") ;;
        --settings | --site | --pythonpath | --verbosity | -v | --loops | --log-level)
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
    --settings) compopt -o default ;;
    --site) _linod_offer "$prefix" < <(_linod_ask sites) ;;
    --pythonpath) compopt -o dirnames ;;
    --verbosity | -v) _linod_offer "$prefix" < <(_linod_words 0 1 2 3) ;;
    --log-level) _linod_offer "$prefix" < <(_linod_words DEBUG INFO WARNING ERROR CRITICAL) ;;
    *) return ;;
    esac
    if [[ $option ]]; then
        return
    elif [[ $typed == -* ]]; then
        case $command in
        prep) _linod_offer '' < <(_linod_words --loops) ;;
        run) _linod_offer '' < <(_linod_words --log-level) ;;
        esac
        _linod_offer '' < <(_linod_words --settings --site --pythonpath --verbosity -v --traceback --no-color --force-color --skip-checks --version --help -h)
    elif [[ ! $command ]]; then
        _linod_offer '' < <(_linod_words check prep run)
    else
        case $command:$at in
        run:0) _linod_offer '' < <(_linod_ask tasks) ;;
        esac
    fi
}

complete -F _linod linod

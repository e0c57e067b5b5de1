# SPDX-License-Identifier: MIT
# Completion of authtokenctl(1) for bash.

# The options of a command, or of what stands before it.
_authtokenctl_options() {
        case $1 in
        main) echo --bus --version --help ;;
        issue) echo --audience --role --platform --device --source --name --client-address --user-agent --data --lifetime --output --pair --json --help ;;
        refresh) echo --file --help ;;
        ensure-fresh) echo --file --margin --help ;;
        list) echo --all --platform --device --count --json --help ;;
        logout) echo --platform --device --session --token-file --help ;;
        revoke) echo --user --session --token-file --platform --device --before --lower --all --reason --help ;;
        kick) echo --user --session --platform --device --reason --help ;;
        ban) echo --for --reason --list --json --help ;;
        unban) echo --help ;;
        unlock) echo --list --json --help ;;
        adopt) echo --confirm --since --help ;;
        verify) echo --jwks --key --alg --signature-only --issuer --audience --user --max-lifetime --max-size --now \
                --batch --base64 --help ;;
        code) echo --long --user --help ;;
        status) echo --json --help ;;
        monitor) echo --json --help ;;
        metrics) echo --output --help ;;
        keys) echo --json --directory --alg --stage --kid --out --public --refresh --with-key --help ;;
        esac
}

_authtokenctl() {
        local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=main i
        # bash splits --option=value into three words.
        [[ $current == = ]] && current=
        [[ $previous == = ]] && previous=${COMP_WORDS[COMP_CWORD - 2]}
        COMPREPLY=()
        for ((i = 1; i < COMP_CWORD; i++)); do
                case ${COMP_WORDS[i]} in
                issue | refresh | ensure-fresh | list | revoke | logout | kick | ban | unban | unlock | adopt | code | verify | status | monitor | metrics | keys)
                        command=${COMP_WORDS[i]}
                        break
                        ;;
                esac
        done
        case $previous in
        --user)
                mapfile -t COMPREPLY < <(compgen -u -- "$current")
                return
                ;;
        --output | --out | --directory | --file | --token-file | --jwks | --key)
                mapfile -t COMPREPLY < <(compgen -f -- "$current")
                return
                ;;
        --bus)
                mapfile -t COMPREPLY < <(compgen -W "system session" -- "$current")
                return
                ;;
        --session | --audience | --role | --platform | --device | --source | --name | --client-address | --user-agent | --data | --lifetime | --margin | \
                --reason | --before | --for | --since | \
                --alg | --kid | --with-key | --issuer | --max-lifetime | --max-size | --now)
                return
                ;;
        esac
        if [[ $current == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$(_authtokenctl_options "$command")" -- "$current")
                return
        fi
        case $command in
        main) mapfile -t COMPREPLY < <(compgen -W "issue refresh ensure-fresh list revoke logout kick ban unban unlock adopt code verify status monitor metrics keys" \
                -- "$current") ;;
        keys)
                if [[ $previous == import || $previous == seal ]]; then
                        mapfile -t COMPREPLY < <(compgen -f -- "$current")
                else
                        mapfile -t COMPREPLY < <(compgen -W "list jwks rotate use generate import seal" -- "$current")
                fi
                ;;
        code) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
        issue | list | logout | kick | ban | unban | unlock) mapfile -t COMPREPLY < <(compgen -u -- "$current") ;;
        esac
}

complete -o filenames -F _authtokenctl authtokenctl

/**
 * Each asks `mica __complete -- WORDS…`, the last word as far as it is typed, which answers a line a
 * candidate (`value TAB text`) and `:files` when file names fit as well.
 */
export const scripts: Readonly<Record<string, string>> = {
  bash: `# bash completion of mica: source <(mica completion bash)
_mica() {
  local line=\${COMP_LINE:0:COMP_POINT} words=() cur answer value
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  cur=\${words[\${#words[@]} - 1]}
  COMPREPLY=()
  # bash takes a word apart at colons, and images have them: what it thinks typed already is cut off.
  local cut=
  [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]] && cut=\${cur%"\${cur##*:}"}
  while IFS= read -r answer; do
    if [[ $answer == :files ]]; then
      compopt -o default
      continue
    fi
    value=\${answer%%$'\\t'*}
    [[ $value == "$cur"* ]] && COMPREPLY+=("\${value#"$cut"}")
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _mica mica
`,
  zsh: `#compdef mica
# zsh completion of mica: source <(mica completion zsh)
_mica() {
  local -a found
  local answer files=0
  for answer in "\${(@f)$(\${words[1]} __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z $answer ]] && continue
    if [[ $answer == :files ]]; then
      files=1
    else
      found+=("\${\${answer%%$'\\t'*}//:/\\\\:}:\${answer#*$'\\t'}")
    fi
  done
  (( \${#found} )) && _describe mica found
  (( files )) && _files
  return 0
}
compdef _mica mica
`,
  fish: `# fish completion of mica: mica completion fish | source
function __mica_complete
  set -l words (commandline -opc) (commandline -ct)
  $words[1] __complete -- $words[2..-1] 2>/dev/null
end
complete -c mica -f -a '(__mica_complete | string match -v :files)'
complete -c mica -n '__mica_complete | string match -q :files' -F
`,
};

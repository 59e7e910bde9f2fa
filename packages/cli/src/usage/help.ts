import type { Command, Help, Option } from 'commander';
import { usageLine } from './usage-error.ts';

/** The headings of `mica --help` and the verbs under each, in the order in which a newcomer meets them. */
const sections: readonly (readonly [heading: string, verbs: readonly string[]])[] = [
  ['Containers:', ['run', 'exec', 'ps', 'logs', 'stop', 'start', 'restart', 'rm', 'create', 'inspect']],
  ['Commit:', ['commit', 'diff', 'history', 'checkpoint', 'restore', 'squash', 'flatten', 'recommit']],
  ['Images:', ['images', 'import', 'load', 'save', 'pull', 'push', 'tag', 'rmi', 'login', 'logout', 'search']],
  ['Inside images:', ['layers', 'ls', 'cat', 'blame', 'unpack']],
  ['Groups:', ['container', 'image', 'volume', 'network', 'system', 'registry', 'completion']],
  ['Mica:', ['version', 'info', 'help', 'doctor', 'bench', 'worker', 'serve']],
];
const rest = 'More of containers:';

function sectionOf(verb: string): string {
  return sections.find(([, verbs]) => verbs.includes(verb))?.[0] ?? rest;
}

const sectionOrder: readonly string[] = [
  ...sections.slice(0, 1).map(([heading]) => heading),
  rest,
  ...sections.slice(1).map(([heading]) => heading),
];

/** Gives a command and all below it docker's form of help. */
export function useDockerHelp(program: Command): void {
  for (const verb of program.commands) verb.helpGroup(sectionOf(verb.name()));
  const configure = (command: Command) => {
    command.configureHelp({ formatHelp });
    for (const below of command.commands) configure(below);
  };
  configure(program);
}

/** docker's form: `Usage:  mica run [OPTIONS] IMAGE [COMMAND...]`, a sentence, the options. */
function formatHelp(command: Command, helper: Help): string {
  const bold = (text: string) => helper.styleTitle(text);
  const out = [
    `${bold('Usage:')}  ${usageLine(command)}`,
    '',
    sentence(command.description() || command.summary()),
    '',
  ];
  const options = helper.visibleOptions(command);
  const args = helper.visibleArguments(command).filter(({ description }) => description !== '');
  const names = [...args, ...helper.visibleCommands(command)].map((one) => one.name());
  const width = Math.max(0, ...options.map((one) => optionTerm(one).length), ...names.map((name) => name.length));
  const item = (term: string, text: string) => helper.formatItem(term, width, text, helper);
  if (args.length > 0)
    out.push(bold('Arguments:'), ...args.map((one) => item(one.name().toUpperCase(), one.description)), '');
  const groups = helper.groupItems(
    [...command.commands],
    helper.visibleCommands(command),
    (one) => one.helpGroup() || 'Commands:',
  );
  const headings = [...groups.keys()].sort((a, b) => place(a) - place(b));
  for (const heading of headings) {
    const items = groups.get(heading) ?? [];
    if (items.length > 0) out.push(bold(heading), ...items.map((one) => item(one.name(), sentence(one.summary()))), '');
  }
  if (options.length > 0)
    out.push(bold('Options:'), ...options.map((one) => item(optionTerm(one), optionText(one))), '');
  if (command.commands.length > 0)
    out.push(`Run '${usageLine(command).replace(' [OPTIONS]', '')} --help' for more on a command.`, '');
  return out.join('\n');
}

/** Long names in one column, whether or not there is a short one. */
function optionTerm({ flags, short }: Option): string {
  return short ? flags : `    ${flags}`;
}
/** What it is without it, where that says something. */
function optionText({ description, defaultValue, negate }: Option): string {
  const plain = typeof defaultValue === 'string' || typeof defaultValue === 'number';
  return plain && defaultValue !== '' && !negate
    ? `${description} (default ${JSON.stringify(defaultValue)})`
    : description;
}

function place(heading: string): number {
  const at = sectionOrder.indexOf(heading);
  return at < 0 ? sectionOrder.length : at;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

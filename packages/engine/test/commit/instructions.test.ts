// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a Dockerfile's variables are written so
import { expect, it } from 'vitest';
import type { RunConfig } from '../../src/image/config.ts';
import { applyInstructions } from '../../src/image/instructions.ts';

const base: RunConfig = { Env: ['PATH=/bin', 'A=1'], Cmd: ['old'], WorkingDir: '/srv', Labels: { keep: 'me' } };
const change = (...lines: string[]) => applyInstructions(base, lines);

it.each<[string, Partial<RunConfig>]>([
  ['CMD ["serve","-v"]', { Cmd: ['serve', '-v'] }],
  ['CMD serve -v', { Cmd: ['/bin/sh', '-c', 'serve -v'] }],
  ['CMD', { Cmd: null }],
  ['cmd ["x"]', { Cmd: ['x'] }],
  ['ENTRYPOINT ["/init"]', { Entrypoint: ['/init'], Cmd: null }],
  ['ENV A=2 B="two words" C=x\\ y', { Env: ['PATH=/bin', 'A=2', 'B=two words', 'C=x y'] }],
  ['ENV OLD the rest of it', { Env: ['PATH=/bin', 'A=1', 'OLD=the rest of it'] }],
  ['EXPOSE 80 53/udp 8000-8001', { ExposedPorts: { '80/tcp': {}, '53/udp': {}, '8000/tcp': {}, '8001/tcp': {} } }],
  ['LABEL a=b "c d"="e f"', { Labels: { keep: 'me', a: 'b', 'c d': 'e f' } }],
  ['ONBUILD RUN make', { OnBuild: ['RUN make'] }],
  ['STOPSIGNAL SIGQUIT', { StopSignal: 'SIGQUIT' }],
  ['STOPSIGNAL rtmin+3', { StopSignal: 'rtmin+3' }],
  ['STOPSIGNAL 9', { StopSignal: '9' }],
  ['USER ann:staff', { User: 'ann:staff' }],
  ['VOLUME /data /logs', { Volumes: { '/data': {}, '/logs': {} } }],
  ['VOLUME ["/a b"]', { Volumes: { '/a b': {} } }],
  ['WORKDIR sub', { WorkingDir: '/srv/sub' }],
  ['WORKDIR /abs', { WorkingDir: '/abs' }],
  ['WORKDIR /a/../b//c/.', { WorkingDir: '/b/c' }],
  ['ENV PATH=/opt/bin:$PATH', { Env: ['PATH=/opt/bin:/bin', 'A=1'] }],
  ['ENV A=2 B=$A', { Env: ['PATH=/bin', 'A=2', 'B=1'] }], // a line's own are not set yet
  ['ENV A ${A}2 "and $A"', { Env: ['PATH=/bin', 'A=12 and 1'] }],
  [`ENV A='$A' B="\\$A \\x" C=\\$A`, { Env: ['PATH=/bin', 'A=$A', 'B=$A \\x', 'C=$A'] }],
  ['ENV A=${A:-x}${NO:-y}${NO-$A} B=${A:+z}${NO:+z}', { Env: ['PATH=/bin', 'A=1y1', 'B=z'] }],
  ['ENV A=$ B=$NO', { Env: ['PATH=/bin', 'A=$', 'B='] }],
  ['ENV A=$1x$$y$/', { Env: ['PATH=/bin', 'A=xy$/'] }],
  ['EXPOSE 8${A}', { ExposedPorts: { '81/tcp': {} } }],
  ['LABEL "a $A"=$A', { Labels: { keep: 'me', 'a 1': '1' } }],
  ['USER u$A', { User: 'u1' }],
  ['VOLUME /v$A ${NO:-/w}', { Volumes: { '/v1': {}, '/w': {} } }],
  ['VOLUME ["/v$A"]', { Volumes: { '/v1': {} } }],
  ['WORKDIR $A', { WorkingDir: '/srv/1' }],
  ['CMD echo $A', { Cmd: ['/bin/sh', '-c', 'echo $A'] }], // the shell's
  [
    'HEALTHCHECK --interval=1m30s --retries=3 CMD curl localhost',
    { Healthcheck: { Interval: 90_000_000_000, Retries: 3, Test: ['CMD-SHELL', 'curl localhost'] } },
  ],
  ['HEALTHCHECK CMD ["true"]', { Healthcheck: { Test: ['CMD', 'true'] } }],
  ['HEALTHCHECK NONE', { Healthcheck: { Test: ['NONE'] } }],
  ['HEALTHCHECK --timeout=0s NONE', { Healthcheck: { Timeout: 0, Test: ['NONE'] } }],
  ['CMD [ -f x ]', { Cmd: ['/bin/sh', '-c', '[ -f x ]'] }],
])('%s', (line, expected) => {
  expect(change(line)).toEqual({ ...base, ...expected });
});

it('several, over several lines, in order', () => {
  expect(change('EXPOSE 80', 'ENV P="81 82"', 'EXPOSE $P').ExposedPorts).toEqual({
    '80/tcp': {},
    '81/tcp': {},
    '82/tcp': {},
  });
  expect(change('CMD ["new"]', 'ENTRYPOINT ["/init"]')).toMatchObject({ Cmd: ['new'], Entrypoint: ['/init'] });
  expect(change('ENV A=2\nENV A=3', '# a comment', 'USER ann').Env).toEqual(['PATH=/bin', 'A=3']);
});

it.each([
  ['RUN make', /RUN is not a valid change command/],
  ['ENV', /ENV needs an argument/],
  ['LABEL onlyakey', /must have two arguments/],
  ['ENV A=${B', /missing '}'/],
  ['ENV A=${B%x}', /unsupported modifier/],
  ['ENV A=${}', /bad substitution/],
  ['ENV A=${B:?is needed}', /B: is needed/],
  ['ENV A="open', /matching double-quote/],
  ["ENV A='open", /matching single-quote/],
  ['ENV A=1 loose', /can't find = in "loose"/],
  ['EXPOSE 70000', /invalid containerPort: 70000/],
  ['STOPSIGNAL SIGFOO', /Invalid signal: SIGFOO/],
  ['STOPSIGNAL 0', /Invalid signal: 0/],
  ['EXPOSE http', /invalid containerPort: http/],
  ['ONBUILD FROM x', /FROM is not allowed/],
  ['HEALTHCHECK --interval=soon CMD x', /invalid duration: soon/],
  ['HEALTHCHECK --nope=1 CMD x', /unknown flag: --nope/],
  ['VOLUME [""]', /empty string/],
  ['VOLUME []', /VOLUME needs an argument/],
  ['VOLUME $NO', /VOLUME needs an argument|empty string/],
  ['WORKDIR ""', /empty string/],
  ['WORKDIR $NO', /empty string/],
  ['CMD ["a",1]', /strings only/],
  ['ENTRYPOINT [["a"]]', /strings only/],
  ['HEALTHCHECK CMD [null]', /strings only/],
  ['HEALTHCHECK --interval=1us CMD x', /1us cannot be less than 1ms/],
])('%s is refused', (line, why) => {
  expect(() => change(line)).toThrow(why);
});

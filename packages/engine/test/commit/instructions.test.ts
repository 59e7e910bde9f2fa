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
  ['ENTRYPOINT ["/init"]', { Entrypoint: ['/init'] }],
  ['ENV A=2 B="two words" C=x\\ y', { Env: ['PATH=/bin', 'A=2', 'B=two words', 'C=x y'] }],
  ['ENV OLD the rest of it', { Env: ['PATH=/bin', 'A=1', 'OLD=the rest of it'] }],
  ['EXPOSE 80 53/udp 8000-8001', { ExposedPorts: { '80/tcp': {}, '53/udp': {}, '8000/tcp': {}, '8001/tcp': {} } }],
  ['LABEL a=b "c d"="e f"', { Labels: { keep: 'me', a: 'b', 'c d': 'e f' } }],
  ['ONBUILD RUN make', { OnBuild: ['RUN make'] }],
  ['STOPSIGNAL SIGQUIT', { StopSignal: 'SIGQUIT' }],
  ['USER ann:staff', { User: 'ann:staff' }],
  ['VOLUME /data /logs', { Volumes: { '/data': {}, '/logs': {} } }],
  ['VOLUME ["/a b"]', { Volumes: { '/a b': {} } }],
  ['WORKDIR sub', { WorkingDir: '/srv/sub' }],
  ['WORKDIR /abs', { WorkingDir: '/abs' }],
  [
    'HEALTHCHECK --interval=1m30s --retries=3 CMD curl localhost',
    { Healthcheck: { Interval: 90_000_000_000, Retries: 3, Test: ['CMD-SHELL', 'curl localhost'] } },
  ],
  ['HEALTHCHECK CMD ["true"]', { Healthcheck: { Test: ['CMD', 'true'] } }],
  ['HEALTHCHECK NONE', { Healthcheck: { Test: ['NONE'] } }],
])('%s', (line, expected) => {
  expect(change(line)).toEqual({ ...base, ...expected });
});

it('several, over several lines, in order', () => {
  expect(change('ENV A=2\nENV A=3', '# a comment', 'USER ann').Env).toEqual(['PATH=/bin', 'A=3']);
});

it.each([
  ['RUN make', /RUN is not a valid change command/],
  ['ENV', /ENV needs an argument/],
  ['LABEL onlyakey', /must have two arguments/],
  ['ENV A=1 loose', /can't find = in "loose"/],
  ['EXPOSE 70000', /invalid containerPort: 70000/],
  ['EXPOSE http', /invalid containerPort: http/],
  ['ONBUILD FROM x', /FROM is not allowed/],
  ['HEALTHCHECK --interval=soon CMD x', /invalid duration: soon/],
  ['HEALTHCHECK --nope=1 CMD x', /unknown flag: --nope/],
  ['VOLUME [""]', /empty string/],
])('%s is refused', (line, why) => {
  expect(() => change(line)).toThrow(why);
});

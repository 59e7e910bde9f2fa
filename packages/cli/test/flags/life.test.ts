import { expect, it } from 'vitest';
import { life } from '../../src/flags/life.ts';

const read = (logDriver: string, ...logOpt: string[]) => life.read({ healthcheck: true, logDriver, logOpt });

it("docker's driver `local` has bounds of its own: five files of 20 MiB", () => {
  expect(read('local')).toEqual({ logMaxSize: 20 * 2 ** 20, logMaxFile: 5 });
  expect(read('local', 'max-size=1m')).toEqual({ logMaxSize: 2 ** 20, logMaxFile: 5 });
  expect(read('local', 'max-file=1', 'compress=false')).toEqual({ logMaxSize: 20 * 2 ** 20, logMaxFile: 1 });
  for (const name of ['json-file', 'k8s-file', '']) expect(read(name)).toEqual({});
  expect(() => read('syslog')).toThrow("no log driver named 'syslog'");
});

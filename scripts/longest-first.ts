import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Dozens of commands and containers each, or of trees or gigabytes: up to a minute a file, where most take seconds. */
const LONG =
  /\/packages\/(cli|engine)\/test\/(e2e|commit|hash|tree)\/|\/(bench\/test|core-wasm\/test\/hash)\/|\/round-trip/;

/**
 * Long files before short ones. On a machine that has not run them before Vitest goes by their size, which says
 * nothing about it: one of 70 lines came last and ran for 49 s beside an idle processor.
 *
 * Those that share processes last, and all in a row: a process ends where the next file in line is not for it.
 */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const place = ({ moduleId, project }: TestSpecification) =>
      (project.config.isolate ? 0 : 2) + (LONG.test(moduleId) ? 0 : 1);
    return sorted.sort((a, b) => place(a) - place(b));
  }
}

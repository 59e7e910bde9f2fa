import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Dozens of commands and containers each: up to a minute a file, where most others take seconds. */
const LONG = /\/packages\/(cli|engine)\/test\/e2e\/|\/packages\/bench\/test\//;

/**
 * Long files before short ones. On a machine that has not run them before Vitest goes by their size, which says
 * nothing about it: one of 70 lines came last and ran for 49 s beside an idle processor.
 */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

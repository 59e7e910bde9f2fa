import type { KernelExports } from '../kernel/instance.ts';
import { LinearTable } from './linear-table.ts';

/**
 * A run of the entries of a table that is being built, where they are: until the next entry is added, or the next part
 * asked for. They are as they came, which is to be in tree order; what a finished table leaves out is there.
 */
export class TablePart extends LinearTable {
  /** The index of its first entry in the whole. */
  readonly first: number;

  constructor(kernel: KernelExports, address: number, first: number) {
    super(kernel, address);
    this.first = first;
  }
}

import { MicaError } from '@mica/engine';
import type { FlagGroup } from './flag-group.ts';

export interface NetworkFlags {
  readonly network?: string;
}

export const network: FlagGroup<NetworkFlags> = {
  add(command) {
    command.option('--network <mode>', 'none (the default in this version) or host');
  },
  read({ network: mode }) {
    if (mode === undefined) return {};
    if (!['none', 'host'].includes(mode))
      throw new MicaError('not-supported', `network ${mode} is not supported yet`, {
        hint: 'use --network none or host',
        exitCode: 125,
      });
    return { network: mode };
  },
};

// Makes of dist/made what commands run. A script of its own, never from Nx's cache: what it looks at is the machine's.
import { fileURLToPath } from 'node:url';
import { Builds } from './builds.ts';

const here = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const builds = new Builds(here('dist'));
builds.publish(here('dist/made'), here('..'));
builds.prune();

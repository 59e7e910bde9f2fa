import type { Command } from 'commander';

/** One verb: its file is loaded only when it is called, so that no verb pays for another's imports. */
export interface Verb {
  /** Every way to call it; the first stands in the help. `container ls` is verb `ls` of group `container`. */
  readonly names: readonly [string, ...string[]];
  readonly summary: string;
  readonly load: () => Promise<{ define(command: Command): void }>;
  readonly hidden?: true;
}

export const groups: Readonly<Record<string, string>> = {
  container: 'manage containers',
  image: 'manage images',
  manifest: 'look at manifests in registries',
  volume: 'manage volumes',
  network: 'manage networks',
  system: 'what the store takes, and keeping it in order',
};

export const verbs: readonly Verb[] = [
  // containers
  { names: ['run', 'container run'], summary: 'make a container and start it', load: () => import('./run.ts') },
  {
    names: ['create', 'container create'],
    summary: 'make a container without starting it',
    load: () => import('./create.ts'),
  },
  {
    names: ['ps', 'container ls', 'container list', 'container ps'],
    summary: 'list containers',
    load: () => import('./ps.ts'),
  },
  { names: ['start', 'container start'], summary: 'start containers', load: () => import('./start.ts') },
  { names: ['stop', 'container stop'], summary: 'stop containers', load: () => import('./stop.ts') },
  { names: ['kill', 'container kill'], summary: 'send a signal to containers', load: () => import('./kill.ts') },
  {
    names: ['wait', 'container wait'],
    summary: 'wait for containers to end and print their exit codes',
    load: () => import('./wait.ts'),
  },
  {
    names: ['rename', 'container rename'],
    summary: 'give a container another name',
    load: () => import('./rename.ts'),
  },
  {
    names: ['inspect', 'container inspect', 'image inspect'],
    summary: 'show all that is known of containers and images',
    load: () => import('./inspect.ts'),
  },
  {
    names: ['restart', 'container restart'],
    summary: 'stop containers and start them again',
    load: () => import('./restart.ts'),
  },
  {
    names: ['pause', 'container pause'],
    summary: 'stop all processes where they stand',
    load: () => import('./pause.ts'),
  },
  {
    names: ['unpause', 'container unpause'],
    summary: 'let paused containers go on',
    load: () => import('./unpause.ts'),
  },
  {
    names: ['attach', 'container attach'],
    summary: "connect to a running container's streams",
    load: () => import('./attach.ts'),
  },
  { names: ['top', 'container top'], summary: "show a container's processes", load: () => import('./top.ts') },
  { names: ['stats', 'container stats'], summary: 'show what containers use, live', load: () => import('./stats.ts') },
  { names: ['update', 'container update'], summary: "change containers' limits", load: () => import('./update.ts') },
  {
    names: ['events', 'system events'],
    summary: 'show what happens to containers, images, networks and volumes',
    load: () => import('./events.ts'),
  },
  { names: ['container prune'], summary: 'remove all stopped containers', load: () => import('./container/prune.ts') },
  {
    names: ['monitor'],
    summary: 'watch containers: health checks, logs, restart policies',
    load: () => import('./monitor.ts'),
  },
  {
    names: ['exec', 'container exec'],
    summary: 'run one more command in a running container',
    load: () => import('./exec.ts'),
  },
  { names: ['logs', 'container logs'], summary: 'show what a container wrote', load: () => import('./logs.ts') },
  { names: ['rm', 'container rm', 'container remove'], summary: 'remove containers', load: () => import('./rm.ts') },
  { names: ['port', 'container port'], summary: "list a container's published ports", load: () => import('./port.ts') },
  // networks
  { names: ['network create'], summary: 'make a network', load: () => import('./network-create.ts') },
  { names: ['network ls', 'network list'], summary: 'list networks', load: () => import('./network-ls.ts') },
  { names: ['network inspect'], summary: 'show networks as JSON', load: () => import('./network-inspect.ts') },
  { names: ['network rm', 'network remove'], summary: 'remove networks', load: () => import('./network-rm.ts') },
  { names: ['network prune'], summary: 'remove unused networks', load: () => import('./network-prune.ts') },
  {
    names: ['network connect'],
    summary: 'put a container on a network',
    load: () => import('./network-connect.ts'),
  },
  {
    names: ['network disconnect'],
    summary: 'take a container off a network',
    load: () => import('./network-disconnect.ts'),
  },
  // commit
  {
    names: ['commit', 'container commit'],
    summary: "make an image of a container's changes",
    load: () => import('./commit.ts'),
  },
  {
    names: ['diff', 'container diff'],
    summary: 'show what a container changed, or how two images differ',
    load: () => import('./diff.ts'),
  },
  { names: ['cp', 'container cp'], summary: 'copy files into and out of a container', load: () => import('./cp.ts') },
  {
    names: ['export', 'container export'],
    summary: "write a container's root file system as a tar",
    load: () => import('./export.ts'),
  },
  // images
  {
    names: ['import', 'image import'],
    summary: 'make an image of a root file system',
    load: () => import('./import.ts'),
  },
  { names: ['pull', 'image pull'], summary: 'bring an image from a registry', load: () => import('./pull.ts') },
  { names: ['push', 'image push'], summary: 'send an image to a registry', load: () => import('./push.ts') },
  { names: ['login'], summary: 'log in to a registry', load: () => import('./login.ts') },
  { names: ['logout'], summary: 'log out of a registry', load: () => import('./logout.ts') },
  {
    names: ['copy'],
    summary: 'copy an image between registries, archives and the store',
    load: () => import('./copy.ts'),
  },
  { names: ['manifest inspect'], summary: "show a registry's manifest", load: () => import('./manifest-inspect.ts') },
  { names: ['save', 'image save'], summary: 'write images into an archive', load: () => import('./save.ts') },
  { names: ['load', 'image load'], summary: 'read images from an archive', load: () => import('./load.ts') },
  { names: ['images', 'image ls', 'image list'], summary: 'list images', load: () => import('./images.ts') },
  { names: ['image prune'], summary: 'remove images that nothing needs', load: () => import('./image-prune.ts') },
  { names: ['history', 'image history'], summary: 'show how an image came to be', load: () => import('./history.ts') },
  { names: ['tag', 'image tag'], summary: 'give an image another name', load: () => import('./tag.ts') },
  { names: ['rmi', 'image rm', 'image remove'], summary: 'remove images', load: () => import('./rmi.ts') },
  // volumes
  { names: ['volume create'], summary: 'make a volume', load: () => import('./volume/create.ts') },
  { names: ['volume ls', 'volume list'], summary: 'list volumes', load: () => import('./volume/ls.ts') },
  { names: ['volume inspect'], summary: 'show all of volumes', load: () => import('./volume/inspect.ts') },
  { names: ['volume rm', 'volume remove'], summary: 'remove volumes', load: () => import('./volume/rm.ts') },
  { names: ['volume prune'], summary: 'remove volumes that no container has', load: () => import('./volume/prune.ts') },
  // inside images
  {
    names: ['layers', 'image layers'],
    summary: "draw the stack of an image's layers",
    load: () => import('./layers.ts'),
  },
  { names: ['ls'], summary: 'list what is in an image', load: () => import('./ls.ts') },
  { names: ['cat'], summary: 'print a file of an image', load: () => import('./cat.ts') },
  { names: ['blame'], summary: 'show which layer brought each path', load: () => import('./blame.ts') },
  { names: ['unpack'], summary: 'write an image as a plain directory', load: () => import('./unpack.ts') },
  {
    names: ['fork', 'container fork'],
    summary: 'commit a container and start others from it',
    load: () => import('./fork.ts'),
  },
  {
    names: ['reset', 'container reset'],
    summary: 'give a container back its first writable layer, or that of a commit',
    load: () => import('./reset.ts'),
  },
  {
    names: ['squash', 'image squash'],
    summary: "make an image's upper layers one",
    load: () => import('./squash.ts'),
  },
  {
    names: ['flatten', 'image flatten'],
    summary: 'make an image of one layer of all it shows',
    load: () => import('./flatten.ts'),
  },
  // mica itself
  { names: ['system df'], summary: 'show what the store takes', load: () => import('./system-df.ts') },
  { names: ['info', 'system info'], summary: 'describe the store and the machine', load: () => import('./info.ts') },
  { names: ['version'], summary: 'show the versions of mica and its parts', load: () => import('./version.ts') },
  {
    names: ['completion'],
    summary: 'print the completion script of a shell',
    load: () => import('./completion.ts'),
  },
  // the store
  {
    names: ['system check'],
    summary: 'verify everything in the store',
    load: () => import('./system-check.ts'),
  },
  {
    names: ['system prune'],
    summary: 'remove what is not used',
    load: () => import('./system-prune.ts'),
  },
  // internal
  {
    names: ['ended'],
    summary: "do what is due after a container's end",
    hidden: true,
    load: () => import('./ended.ts'),
  },
  {
    names: ['settle'],
    summary: 'find on the disk what was written a while ago',
    hidden: true,
    load: () => import('./settle.ts'),
  },
];

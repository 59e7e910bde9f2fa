import { expect, it } from 'vitest';
import { objectPrinter } from '../../src/objects.ts';

const found = {
  Config: { Volumes: null, Entrypoint: null, Healthcheck: null },
  HostConfig: { CapAdd: null, PidsLimit: null },
  NetworkSettings: { Ports: { '80/tcp': null } },
  State: { Pid: 0 },
};
const container = {
  Id: 'abc',
  HostConfig: { NanoCpus: 5, Dns: ['1.1.1.1'], CpuShares: 7 },
  Mounts: [
    { Type: 'bind', Source: '/tmp' },
    { Type: 'volume', Name: 'v', Source: '/v' },
  ],
};

// As docker 20.10 prints them: a null of its JSON is an empty list, an empty map or a nil pointer, as the field's type is.
it.each([
  ['{{.HostConfig.CapAdd}} {{len .HostConfig.CapAdd}} {{json .HostConfig.CapAdd}}', '[] 0 null'],
  ['{{join .HostConfig.CapAdd ","}}|{{printf "%v" .Config.Entrypoint}}', '|[]'],
  ['{{range .HostConfig.CapAdd}}x{{else}}none{{end}}', 'none'],
  ['{{.Config.Volumes}} {{len .Config.Volumes}} {{json .Config.Volumes}}', 'map[] 0 null'],
  ['{{.HostConfig.PidsLimit}} {{.Config.Healthcheck}} {{json .HostConfig.PidsLimit}}', '<nil> <nil> null'],
  ['{{.NetworkSettings.Ports}} {{json .NetworkSettings.Ports}}', 'map[80/tcp:[]] {"80/tcp":null}'],
  ['{{if .HostConfig.CapAdd}}a{{end}}{{if .Config.Volumes}}b{{end}}{{if .Config.Healthcheck}}c{{end}}', ''],
  ['{{json .Config}}', '{"Volumes":null,"Entrypoint":null,"Healthcheck":null}'],
])('%s', async (format, out) => {
  expect((await objectPrinter(format))([found])).toBe(`${out}\n`);
});

it('an error names the function and its arguments, to their end', async () => {
  const show = await objectPrinter('{{len .State.Pid }}x');
  expect(() => show([found])).toThrow(/at <len \.State\.Pid>: error calling len/);
});

it("docker's own names of fields, and a bind mount's empty name, are found and are no part of the JSON", async () => {
  const show = async (format: string) => (await objectPrinter(format))([container]);
  expect(await show('{{.ID}} {{.Id}} {{.HostConfig.NanoCPUs}} {{.HostConfig.DNS}} {{.HostConfig.CPUShares}}')).toBe(
    'abc abc 5 [1.1.1.1] 7\n',
  );
  expect(await show('{{range .Mounts}}{{.Type}} {{.Name}}:{{.Source}}{{.Driver}};{{end}}')).toBe(
    'bind :/tmp;volume v:/v;\n',
  );
  expect(await show('{{.SizeRw}} {{.SizeRootFs}}')).toBe('<nil> <nil>\n');
  const image = await objectPrinter('{{.VirtualSize}}{{.Container}}{{.DockerVersion}} {{json .}}');
  expect(image([{ Id: 'abc', Size: 5 }])).toBe('5 {"Id":"abc","Size":5}\n');
  expect(await show('{{json .}}')).toBe(`${JSON.stringify(container)}\n`);
  expect(await show('')).toBe(`${JSON.stringify([container], null, 4)}\n`);
});

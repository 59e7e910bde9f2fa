import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Described {
  readonly digest: string;
}

/**
 * Lays an image of a store out as image-spec's layout (image-layout.md), blob by blob as stored, for other
 * tools to read. It knows the store's folder of blobs, and nothing else of the engine.
 */
export function layOut(store: string, manifestDigest: string, to: string, tag: string): void {
  const blob = (digest: string) => join('blobs', ...digest.split(':'));
  mkdirSync(join(to, 'blobs/sha256'), { recursive: true });
  const manifestFile = join(store, blob(manifestDigest));
  const manifest = JSON.parse(readFileSync(manifestFile, 'utf8')) as {
    mediaType: string;
    config: Described;
    layers: Described[];
  };
  for (const digest of [manifestDigest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)])
    copyFileSync(join(store, blob(digest)), join(to, blob(digest)));
  writeFileSync(join(to, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const descriptor = {
    mediaType: manifest.mediaType,
    digest: manifestDigest,
    size: statSync(manifestFile).size,
    annotations: { 'org.opencontainers.image.ref.name': tag },
  };
  writeFileSync(join(to, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }));
}

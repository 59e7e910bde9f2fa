/**
 * Each entry takes the database from version i to i+1; entries are only ever added.
 * Digests are `sha256:<hex>`, times RFC 3339 text, sizes bytes.
 */
export const migrations: readonly string[] = [
  `
  -- pending: the boot under which the blob was written and not yet fsynced; NULL once it is on disk
  CREATE TABLE blobs (
    digest TEXT PRIMARY KEY, size INTEGER NOT NULL, media_type TEXT NOT NULL, pending TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX blobs_pending ON blobs (pending) WHERE pending IS NOT NULL;
  CREATE TABLE layers (
    diff_id TEXT PRIMARY KEY, digest TEXT NOT NULL, media_type TEXT NOT NULL,
    size INTEGER NOT NULL, tar_size INTEGER NOT NULL, entries INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE images (
    id TEXT PRIMARY KEY, manifest TEXT NOT NULL, created TEXT NOT NULL, size INTEGER NOT NULL,
    parent TEXT, labels TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE image_blobs (image TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (image, digest)) STRICT, WITHOUT ROWID;
  CREATE INDEX image_blobs_digest ON image_blobs (digest);
  CREATE TABLE refs (name TEXT PRIMARY KEY, image TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX refs_image ON refs (image);
  CREATE TABLE containers (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, image TEXT NOT NULL, created TEXT NOT NULL, record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX containers_image ON containers (image);
  CREATE TABLE leases (
    digest TEXT NOT NULL, pid INTEGER NOT NULL, start TEXT NOT NULL, PRIMARY KEY (digest, pid, start)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE commits (
    container TEXT PRIMARY KEY, image TEXT NOT NULL, diff_id TEXT, table_key TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  -- target: the manifest or index that the name came with; NULL: the image's own manifest
  ALTER TABLE refs ADD COLUMN target TEXT;
  -- every blob that is known to hold a layer; recipe: how Mica made it from the plain tar, NULL: it came so
  CREATE TABLE layer_forms (
    digest TEXT PRIMARY KEY, diff_id TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL,
    tar_size INTEGER NOT NULL, recipe TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX layer_forms_diff_id ON layer_forms (diff_id);
  `,
  `
  CREATE TABLE volumes (
    name TEXT PRIMARY KEY, created TEXT NOT NULL, anonymous INTEGER NOT NULL, labels TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE volume_uses (
    volume TEXT NOT NULL, container TEXT NOT NULL, PRIMARY KEY (volume, container)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX volume_uses_container ON volume_uses (container);
  `,
  `
  ALTER TABLE commits ADD COLUMN young TEXT NOT NULL DEFAULT '{}';
  ALTER TABLE commits ADD COLUMN layers INTEGER NOT NULL DEFAULT 1;
  `,
  `
  CREATE TABLE networks (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created TEXT NOT NULL, record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  -- one row a container and network; lease: what it holds of the machine while it runs, NULL otherwise
  CREATE TABLE endpoints (
    container TEXT NOT NULL, network TEXT NOT NULL, ordinal INTEGER NOT NULL, record TEXT NOT NULL, lease TEXT,
    PRIMARY KEY (container, network)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX endpoints_network ON endpoints (network);
  `,
  `
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, type TEXT NOT NULL, action TEXT NOT NULL,
    id TEXT NOT NULL, attributes TEXT NOT NULL
  ) STRICT;
  `,
  `
  -- what a container may be reset to: the images that were committed from it
  CREATE TABLE own_commits (
    container TEXT NOT NULL, image TEXT NOT NULL, PRIMARY KEY (container, image)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO own_commits SELECT container, image FROM commits;
  `,
  `
  -- Asked for only by what looks at all images anyway, and a page written for each of an image's layers.
  DROP INDEX image_blobs_digest;
  `,
  `
  -- after which event: of images that are gone the latest are remembered, as one that comes back may be reset to
  ALTER TABLE own_commits ADD COLUMN noted INTEGER NOT NULL DEFAULT 0;
  `,
];

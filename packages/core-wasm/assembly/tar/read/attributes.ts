// What headers say of one entry and its record has no field for, or not yet: the header's own word, until
// an extended header has another.

// @ts-ignore: decorator
@unmanaged
export class Attributes {
  size: i64; // bytes that follow in the tar
  uid: i64;
  gid: i64;
  path: usize; // 0: nobody but the header has said it; else it holds until the next header
  pathLen: u32;
  link: usize;
  linkLen: u32;
  // GNU's sparse files in pax headers
  sparseMajor: u32;
  sparseReal: i64; // bytes of the file, holes included; -1: not sparse
  sparseName: usize;
  sparseNameLen: u32;
  pendingOffset: i64; // of a run whose length is still to come
  mapOff: u32; // the runs, in the builder's heap
  mapLen: u32;
}

/** There is but one entry at a time. */
const only = memory.data(offsetof<Attributes>(), 16);

export function attributesOf(size: i64, uid: i64, gid: i64): Attributes {
  memory.fill(only, 0, offsetof<Attributes>());
  const x = changetype<Attributes>(only);
  x.size = size;
  x.uid = uid;
  x.gid = gid;
  x.sparseReal = -1;
  return x;
}

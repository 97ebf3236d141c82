/** Ids are shortened, names are not: what an object has for an id may be its name. */
export function shownId(id: string): string {
  const bare = id.replace(/^sha256:/, '');
  return /^[0-9a-f]{64}$/.test(bare) ? bare.slice(0, 12) : id;
}

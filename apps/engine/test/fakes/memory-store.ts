/** A store that keeps nothing: the ports of networks and volumes. Records are copied, as a database would. */
export function memoryStore<T>(key: keyof T) {
  const rows = new Map<unknown, T>();
  return {
    rows,
    load: async (): Promise<T[]> => [...rows.values()].map((row) => structuredClone(row)),
    insert: async (record: T): Promise<void> => {
      if (rows.has(record[key])) throw new Error('unique constraint failed');
      rows.set(record[key], structuredClone(record));
    },
    update: async (record: T): Promise<void> => void rows.set(record[key], structuredClone(record)),
    delete: async (id: string): Promise<void> => void rows.delete(id),
  };
}

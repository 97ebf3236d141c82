export type VolumeRecord = {
  name: string;
  driver: 'local';
  created: string;
  mountpoint: string;
  labels: Record<string, string>;
  /** `type`, `device`, `o` as mount(8) would take them. */
  options: Record<string, string>;
  anonymous: boolean;
};

/** What containers ask of volumes. */
export interface VolumeAccess {
  get(name: string): VolumeRecord | undefined;
  /** Creates when missing; returns the existing one otherwise. An empty name makes an anonymous volume. */
  ensure(request: {
    name: string;
    driver: string;
    labels: Record<string, string>;
    options: Record<string, string>;
  }): Promise<VolumeRecord>;
  /** Host directory of the volume, mounted when it has options; counted per container until `release`. `attributes` go with the event. */
  acquire(name: string, containerId: string, attributes?: Readonly<Record<string, string>>): Promise<string>;
  release(name: string, containerId: string): Promise<void>;
  /** Copies the image's content at `source` (a host path, resolved beneath the root) when the volume is empty. */
  copyUp(name: string, root: string, path: string): Promise<void>;
  remove(name: string, options?: { force?: boolean }): Promise<void>;
}

/** What the settings editor says (schema/plugin.json), as one object that tells when it has changed. */
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ISignal, Signal } from '@lumino/signaling';

export type Direction = 'auto' | 'down' | 'right';

export class KaleSettings {
  badges = true;
  flow = true;
  kernelValues = true;
  underlines = true;
  analysisPause = 50;
  graphDirection: Direction = 'auto';
  jobs = 0;
  notifyAfter = 30;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Take values over from the registry, now and whenever the user changes them there. */
  follow(settings: ISettingRegistry.ISettings): void {
    const read = (): void => {
      const all = settings.composite as unknown as Partial<KaleSettings>;
      this.badges = all.badges ?? true;
      this.flow = all.flow ?? true;
      this.kernelValues = all.kernelValues ?? true;
      this.underlines = all.underlines ?? true;
      this.analysisPause = all.analysisPause ?? 50;
      this.graphDirection = all.graphDirection ?? 'auto';
      this.jobs = all.jobs ?? 0;
      this.notifyAfter = all.notifyAfter ?? 30;
      this._changed.emit();
    };
    this.registry = settings;
    settings.changed.connect(read);
    read();
  }

  /** Change a setting for good; without a registry for this session. */
  async set<K extends 'badges' | 'graphDirection' | 'jobs'>(key: K, value: KaleSettings[K]): Promise<void> {
    if (this.registry) {
      await this.registry.set(key, value);
      return;
    }
    this.put(key, value);
    this._changed.emit();
  }

  private put<K extends 'badges' | 'graphDirection' | 'jobs'>(key: K, value: KaleSettings[K]): void {
    (this as Pick<KaleSettings, K>)[key] = value;
  }

  private registry: ISettingRegistry.ISettings | null = null;
  private readonly _changed = new Signal<this, void>(this);
}

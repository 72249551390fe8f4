/** A part of the panel that can be folded; what is folded is remembered. */
import { IStateDB } from '@jupyterlab/statedb';
import { ISignal, Signal } from '@lumino/signaling';
import * as React from 'react';
import { useSignal } from '../running/hooks';

const KEY = 'kale-lite:sections';

/** Which sections are folded, over reloads where the page has a store. */
export class SectionMemory {
  constructor(private readonly store: IStateDB | null) {
    void store?.fetch(KEY).then(
      saved => {
        if (saved && typeof saved === 'object' && !Array.isArray(saved)) {
          this.open = { ...(saved as { [name: string]: boolean }), ...this.open };
          this._changed.emit();
        }
      },
      () => undefined
    );
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  isOpen(name: string, otherwise: boolean): boolean {
    return this.open[name] ?? otherwise;
  }

  set(name: string, open: boolean): void {
    this.open = { ...this.open, [name]: open };
    void this.store?.save(KEY, this.open).catch(() => undefined);
    this._changed.emit();
  }

  private open: { [name: string]: boolean } = {};
  private readonly _changed = new Signal<this, void>(this);
}

interface ISectionProps {
  name: string;
  title: string;
  memory: SectionMemory;
  folded?: boolean;
  /** Beside the title: how many there are. */
  count?: React.ReactNode;
  /** Buttons at the right end of the title. */
  actions?: React.ReactNode;
  children: React.ReactNode;
}

export function Section({ name, title, memory, folded, count, actions, children }: ISectionProps): JSX.Element {
  useSignal(memory.changed);
  const open = memory.isOpen(name, !folded);
  const id = React.useId();
  return (
    <section className={`jp-KaleLite-Section jp-mod-${name}`} aria-labelledby={id}>
      <div className="jp-KaleLite-Section-head">
        <h3>
          <button
            type="button"
            id={id}
            className="jp-KaleLite-Section-toggle"
            aria-expanded={open}
            onClick={() => memory.set(name, !open)}
          >
            <span className="jp-KaleLite-caret" aria-hidden="true" />
            <span>{title}</span>
            {count}
          </button>
        </h3>
        {open && actions ? <div className="jp-KaleLite-actions">{actions}</div> : null}
      </div>
      {open && <div className="jp-KaleLite-Section-body">{children}</div>}
    </section>
  );
}

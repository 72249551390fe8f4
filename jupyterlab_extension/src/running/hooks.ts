/** What components need to be drawn anew when runs change. */
import { ISignal } from '@lumino/signaling';
import * as React from 'react';
import type { NotebookPipeline } from '../model';
import type { NotebookRuns } from '../runs';
import type { IKaleLite } from '../tokens';

/** Draw the component anew whenever a signal is sent; several in one go count once. */
export function useSignal<S, A>(signal: ISignal<S, A> | undefined): void {
  const [, redraw] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    if (!signal) {
      return;
    }
    let waiting = 0;
    const slot = (): void => {
      if (!waiting) {
        waiting = requestAnimationFrame(() => {
          waiting = 0;
          redraw();
        });
      }
    };
    // A tab in the background draws nothing, so that what it missed is drawn when it is shown again.
    signal.connect(slot);
    redraw();
    return () => {
      signal.disconnect(slot);
      cancelAnimationFrame(waiting);
    };
  }, [signal]);
}

/** The notebook in front. */
export function useCurrent(kale: IKaleLite): NotebookPipeline | null {
  useSignal(kale.pipelines.currentChanged);
  return kale.pipelines.current;
}

/** The runs of the notebook in front, drawn anew when they change. */
export function useRuns(kale: IKaleLite): NotebookRuns | null {
  const pipeline = useCurrent(kale);
  const runs = pipeline ? kale.runs.of(pipeline) : null;
  useSignal(runs?.changed);
  return runs;
}

/** Draw the component anew every second while `active`: something counts. */
export function useTicking(active: boolean): void {
  const [, redraw] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    if (!active) {
      return;
    }
    const timer = setInterval(redraw, 1000);
    return () => clearInterval(timer);
  }, [active]);
}

/** What a step prints, as it comes. Follows its end, unless the reader has scrolled up. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { NotebookRuns } from '../runs';

/** Milliseconds between two drawings of a log that grows. */
const PAUSE = 150;
/** How far from its end, in pixels, the log still counts as being there. */
const NEAR = 24;

export function LogView(props: {
  runs: NotebookRuns;
  name: string;
  /** Whether the step still runs: more may come. */
  isRunning: boolean;
  trans: TranslationBundle;
}): JSX.Element {
  const { runs, name, isRunning, trans } = props;
  useLog(runs, name);
  const log = runs.log(name);
  const box = React.useRef<HTMLDivElement>(null);
  const follows = React.useRef(true);
  const onScroll = (): void => {
    const node = box.current;
    if (node) {
      follows.current = node.scrollHeight - node.scrollTop - node.clientHeight < NEAR;
    }
  };
  React.useLayoutEffect(() => {
    if (box.current && follows.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  }, [log.lines]);
  if (!log.lines.length) {
    return (
      <p className="jp-KaleLite-muted">
        {isRunning ? trans.__('Nothing has been printed yet.') : trans.__('Nothing was printed.')}
      </p>
    );
  }
  return (
    <div
      ref={box}
      className="jp-KaleLite-Log"
      role="log"
      aria-live="off"
      aria-label={trans.__('What step %1 printed', name)}
      tabIndex={0}
      onScroll={onScroll}
    >
      {log.dropped ? (
        <div className="jp-KaleLite-muted">
          {trans._n('%1 earlier line left out', '%1 earlier lines left out', log.dropped, log.dropped)}
        </div>
      ) : null}
      {log.lines.map(line => (
        <div key={line.number} className={line.stream === 'stderr' ? 'jp-mod-stderr' : ''}>
          {line.text || '\u00a0'}
        </div>
      ))}
      {log.cut.length ? (
        <div className="jp-KaleLite-muted">
          {isRunning
            ? trans.__('What comes after is not told while the step runs; it will be in its outputs and its notebook.')
            : trans.__('What came after is in the outputs of the step and its notebook.')}
        </div>
      ) : null}
    </div>
  );
}

function useLog(runs: NotebookRuns, name: string): void {
  const [, redraw] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const slot = (_: unknown, changed: string): void => {
      if (changed === name && waiting === undefined) {
        waiting = setTimeout(() => {
          waiting = undefined;
          redraw();
        }, PAUSE);
      }
    };
    runs.logChanged.connect(slot);
    return () => {
      runs.logChanged.disconnect(slot);
      clearTimeout(waiting);
    };
  }, [runs, name]);
}

/** The buttons that start and stop a run of the notebook in front. */
import { caretDownIcon, MenuSvg, runIcon, stopIcon } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import type { Menu } from '@lumino/widgets';
import * as React from 'react';
import { IPartProps } from '../panel/sidebar';
import { CommandIDs } from '../tokens';
import { RunCommandIDs } from './commands';
import { useRuns, useSignal } from './hooks';
import { StatusLine } from './status';
import { beginWords, whyNotBegin } from './submitting';

/** Steps at once that the menu offers; 0: as many as processors. */
const JOBS = [0, 1, 2, 4, 8, 16];

export function RunBar({ kale, commands, trans }: IPartProps): JSX.Element {
  const runs = useRuns(kale);
  const pipeline = kale.pipelines.current;
  useSignal(pipeline?.changed);
  useSignal(kale.infoChanged);
  const why = whyNotBegin(runs, kale.known, trans);
  const submits = pipeline?.target === 'kfp';
  const reason = React.useId();
  const canStop = runs !== null && runs.isRunning && !runs.isStopping;
  const told = runs?.isRunning || runs?.isStarting ? '' : why;
  return (
    <div className="jp-KaleLite-RunBar" role="group" aria-label={trans.__('Run')}>
      <div className="jp-KaleLite-RunBar-buttons">
        <button
          type="button"
          className="jp-KaleLite-button jp-mod-primary"
          aria-disabled={Boolean(why)}
          aria-describedby={told ? reason : undefined}
          title={why || beginWords(runs, kale.known, trans)}
          onClick={() => (why ? undefined : void commands.execute(CommandIDs.run))}
        >
          {/* A narrow panel has no room for the longer words and the icon. */}
          {submits ? null : <runIcon.react tag="span" width="16px" height="16px" aria-hidden="true" />}
          {runs?.isStarting ? trans.__('Starting…') : submits ? trans.__('Compile and submit') : trans.__('Compile and run')}
        </button>
        <button
          type="button"
          className="jp-KaleLite-button"
          aria-disabled={!canStop}
          title={canStop ? trans.__('End the steps that are running') : whyNotStop(runs?.isStopping ?? false, trans)}
          onClick={() => (canStop ? void commands.execute(CommandIDs.stop) : undefined)}
        >
          <stopIcon.react tag="span" width="16px" height="16px" aria-hidden="true" />
          {runs?.isStopping ? trans.__('Stopping…') : trans.__('Stop')}
        </button>
        <MenuButton commands={commands} trans={trans} />
      </div>
      {told ? (
        <div id={reason} className="jp-KaleLite-muted">
          {told}
        </div>
      ) : null}
      {runs ? <StatusLine runs={runs} trans={trans} /> : null}
    </div>
  );
}

function whyNotStop(isStopping: boolean, trans: TranslationBundle): string {
  return isStopping ? trans.__('The run is being stopped.') : trans.__('Nothing is running.');
}

/** The button of the menu with the other ways to run. */
function MenuButton(props: { commands: CommandRegistry; trans: TranslationBundle }): JSX.Element {
  const { commands, trans } = props;
  const [isOpen, setOpen] = React.useState(false);
  const menu = React.useRef<Menu | null>(null);
  React.useEffect(() => () => menu.current?.dispose(), []);
  const open = (button: HTMLElement): void => {
    menu.current?.dispose();
    const made = makeMenu(commands, trans);
    menu.current = made;
    made.aboutToClose.connect(() => {
      setOpen(false);
      button.focus();
    });
    const { left, bottom } = button.getBoundingClientRect();
    made.open(left, bottom);
    setOpen(true);
  };
  return (
    <button
      type="button"
      className="jp-KaleLite-button jp-mod-menu"
      aria-haspopup="menu"
      aria-expanded={isOpen}
      title={trans.__('Other ways to run')}
      aria-label={trans.__('Other ways to run')}
      onClick={event => open(event.currentTarget)}
    >
      <caretDownIcon.react tag="span" width="16px" height="16px" aria-hidden="true" />
    </button>
  );
}

function makeMenu(commands: CommandRegistry, trans: TranslationBundle): Menu {
  const menu = new MenuSvg({ commands });
  menu.addClass('jp-KaleLite-Menu');
  menu.addItem({ command: CommandIDs.resume });
  menu.addItem({ command: CommandIDs.runFrom, args: { named: true } });
  menu.addItem({ command: CommandIDs.runOnly, args: { named: true } });
  menu.addItem({ type: 'separator' });
  const jobs = new MenuSvg({ commands });
  jobs.title.label = trans.__('Steps at Once');
  for (const count of JOBS) {
    jobs.addItem({ command: RunCommandIDs.setJobs, args: { jobs: count } });
  }
  menu.addItem({ type: 'submenu', submenu: jobs });
  menu.addItem({ type: 'separator' });
  menu.addItem({ command: CommandIDs.compile });
  menu.disposed.connect(() => jobs.dispose());
  return menu;
}

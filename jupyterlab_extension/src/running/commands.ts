/** The commands that start, stop and show runs. */
import { JupyterFrontEnd } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import {
  fastForwardIcon,
  LabIcon,
  stopIcon,
  refreshIcon,
  stepIntoIcon,
  codeIcon
} from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import { ReadonlyJSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { DisposableDelegate, DisposableSet, IDisposable } from '@lumino/disposable';
import { Poll, Throttler } from '@lumino/polling';
import type { NotebookPipeline } from '../model';
import type { NotebookRuns } from '../runs';
import { CommandIDs, IKaleLite } from '../tokens';
import { hasEnded } from './events';
import { runPipelineIcon } from './icons';
import { FailureMarks } from './marks';
import { notifyEnd } from './notify';
import { openComparison, openPreview, openReport } from './opening';
import { begin, beginWords, whyNotBegin } from './submitting';
import { otherValues, whyNotResume, whyNotRun, whyNotStart } from './words';

/** Commands that only the panel's parts and notifications call. */
export namespace RunCommandIDs {
  export const showCell = 'kale-lite:show-failing-cell';
  export const openReport = 'kale-lite:open-report';
  export const openRunNotebook = 'kale-lite:open-run-notebook';
  export const compare = 'kale-lite:compare-runs';
  export const setJobs = 'kale-lite:set-jobs';
}

/** Milliseconds between two looks for runs that were started elsewhere. */
const LOOK = 10_000;

const IN_PALETTE = [
  CommandIDs.run,
  CommandIDs.stop,
  CommandIDs.resume,
  CommandIDs.runFrom,
  CommandIDs.runOnly,
  CommandIDs.compile
];

interface IContext {
  app: JupyterFrontEnd;
  kale: IKaleLite;
  trans: TranslationBundle;
}

/**
 * Add the commands about runs, and what goes with them: the marks at failing cells, the notifications, the look for
 * runs that were started elsewhere.
 */
export function addRunCommands(app: JupyterFrontEnd, kale: IKaleLite, trans: TranslationBundle): IDisposable {
  const context = { app, kale, trans };
  const all = new DisposableSet();
  addStarting(context, all);
  addSteps(context, all);
  addShowing(context, all);
  watch(context, all);
  return all;
}

/** Put the commands about runs into the palette. */
export function addToPalette(palette: ICommandPalette, trans: TranslationBundle): void {
  const category = trans.__('Pipeline');
  for (const command of IN_PALETTE) {
    palette.addItem({ command, category, args: { palette: true } });
  }
}

function current(kale: IKaleLite): { pipeline: NotebookPipeline | null; runs: NotebookRuns | null } {
  const pipeline = kale.pipelines.current;
  return { pipeline, runs: pipeline ? kale.runs.of(pipeline) : null };
}

function noArguments(): { args: ReadonlyJSONObject } {
  return { args: { type: 'object', properties: {} } };
}

function withIcon(icon: LabIcon): (args: ReadonlyPartialJSONObject) => LabIcon | undefined {
  return args => (args.palette ? undefined : icon);
}

function add(commands: CommandRegistry, all: DisposableSet, id: string, options: CommandRegistry.ICommandOptions): void {
  all.add(commands.addCommand(id, { describedBy: noArguments(), ...options }));
}

function addStarting({ app, kale, trans }: IContext, all: DisposableSet): void {
  const why = (): string => whyNotBegin(current(kale).runs, kale.known, trans);
  add(app.commands, all, CommandIDs.run, {
    label: () =>
      kale.pipelines.current?.target === 'kfp' ? trans.__('Compile and Submit') : trans.__('Compile and Run'),
    caption: () => why() || beginWords(current(kale).runs, kale.known, trans),
    icon: withIcon(runPipelineIcon),
    isEnabled: () => !why(),
    execute: () => {
      const { runs } = current(kale);
      return runs ? begin(runs, kale.known) : undefined;
    }
  });
  add(app.commands, all, CommandIDs.compile, {
    label: trans.__('Compile for Kubeflow Pipelines…'),
    caption: trans.__('Show the YAML and the Python of the pipeline'),
    icon: withIcon(codeIcon),
    isEnabled: () => current(kale).pipeline?.isRecord === false,
    execute: () => {
      const { pipeline } = current(kale);
      return pipeline ? openPreview({ app, kale, trans }, pipeline) : undefined;
    }
  });
  add(app.commands, all, CommandIDs.stop, {
    label: trans.__('Stop the Run'),
    caption: trans.__('End the steps that are running'),
    icon: withIcon(stopIcon),
    isEnabled: () => canStop(current(kale).runs),
    execute: () => current(kale).runs?.stop()
  });
  const whyResume = (): string => {
    const { pipeline, runs } = current(kale);
    return whyNotRun(pipeline, runs, trans) || whyNotResume(runs?.current ?? null, trans);
  };
  const others = (): string => {
    const { pipeline, runs } = current(kale);
    return pipeline && runs?.current ? otherValues(runs.current, pipeline, trans) : '';
  };
  add(app.commands, all, CommandIDs.resume, {
    label: trans.__('Run Again from the Failed Step'),
    caption: () => whyResume() || others() || trans.__('Go on with this run: what was done is taken over'),
    icon: withIcon(refreshIcon),
    isEnabled: () => !whyResume(),
    execute: () => current(kale).runs?.resume()
  });
}

function canStop(runs: NotebookRuns | null): boolean {
  return runs !== null && runs.isRunning && !runs.isStopping;
}

/** The step that a command is about: the one given, or that of the active cell. */
function stepOf(kale: IKaleLite, args: ReadonlyPartialJSONObject): string {
  return typeof args.step === 'string' ? args.step : (kale.pipelines.current?.activeStep ?? '');
}

function addSteps({ app, kale, trans }: IContext, all: DisposableSet): void {
  const why = (args: ReadonlyPartialJSONObject): string => {
    const { pipeline, runs } = current(kale);
    const refused = whyNotStart(pipeline, runs, trans);
    if (refused) {
      return refused;
    }
    if (!stepOf(kale, args)) {
      return trans.__('The active cell is of no step.');
    }
    const earlier = (runs?.history ?? []).some(row => row.target === 'local' && hasEnded(row));
    return earlier ? '' : trans.__('There is no earlier run to take the other steps from.');
  };
  const about = { args: { type: 'object', properties: { step: { type: 'string', description: trans.__('The name of the step; by default that of the active cell') } } } };
  add(app.commands, all, CommandIDs.runFrom, {
    label: args => named(trans.__('Run from Here'), stepOf(kale, args), args),
    caption: args => why(args) || trans.__('Run this step and those that need it; the others are taken over from an earlier run'),
    icon: withIcon(fastForwardIcon),
    describedBy: about,
    isEnabled: args => !why(args),
    execute: args => current(kale).runs?.runFrom(stepOf(kale, args))
  });
  add(app.commands, all, CommandIDs.runOnly, {
    label: args => named(trans.__('Run Only This Step'), stepOf(kale, args), args),
    caption: args => why(args) || trans.__('Run this step; the others are taken over from an earlier run'),
    icon: withIcon(stepIntoIcon),
    describedBy: about,
    isEnabled: args => !why(args),
    execute: args => current(kale).runs?.runOnly(stepOf(kale, args))
  });
}

/** In the panel's menu the label says which step is meant. */
function named(label: string, step: string, args: ReadonlyPartialJSONObject): string {
  return args.named && step ? `${label}: ${step}` : label;
}

function addShowing(context: IContext, all: DisposableSet): void {
  const { app, kale, trans } = context;
  const number = { type: 'integer', description: trans.__('The number of the run') };
  add(app.commands, all, RunCommandIDs.openReport, {
    label: trans.__('Open the Report'),
    describedBy: { args: { type: 'object', properties: { id: number }, required: ['id'] } },
    execute: args => openReport(context, Number(args.id))
  });
  add(app.commands, all, RunCommandIDs.openRunNotebook, {
    label: trans.__('Open the Executed Notebook'),
    describedBy: {
      args: { type: 'object', properties: { path: { type: 'string', description: trans.__('Its path') } }, required: ['path'] }
    },
    // It is there to be read: no kernel is started for it.
    execute: args =>
      app.commands.execute('docmanager:open', {
        path: String(args.path),
        factory: 'Notebook',
        kernelPreference: { shouldStart: false }
      })
  });
  add(app.commands, all, RunCommandIDs.compare, {
    label: trans.__('Compare Runs'),
    describedBy: { args: { type: 'object', properties: { ids: { type: 'array', items: number } }, required: ['ids'] } },
    execute: args => openComparison(context, (args.ids as number[]) ?? [])
  });
  add(app.commands, all, RunCommandIDs.setJobs, {
    label: args => (Number(args.jobs) ? String(args.jobs) : trans.__('As many as processors')),
    describedBy: {
      args: { type: 'object', properties: { jobs: { type: 'integer', description: trans.__('Steps at once; 0: as many as processors') } } }
    },
    isToggled: args => kale.settings.jobs === Number(args.jobs ?? 0),
    execute: args => kale.settings.set('jobs', Number(args.jobs ?? 0))
  });
}

/** Keep commands, marks and notifications in step with the runs, and look for runs that were started elsewhere. */
function watch(context: IContext, all: DisposableSet): void {
  const { app, kale, trans } = context;
  // Toolbars draw their buttons anew each time, so many events in one go count once.
  const throttler = new Throttler(() => app.commands.notifyCommandChanged(), 100);
  all.add(throttler);
  const refresh = (): void => void throttler.invoke();
  const onAdded = (_: unknown, runs: NotebookRuns): void => {
    const marks = new FailureMarks(runs, trans);
    runs.changed.connect(refresh);
    runs.begun.connect(() => marks.clear());
    runs.ended.connect((_sender, run) => notifyEnd(context, runs, run, kale.settings.notifyAfter));
    runs.pipeline.changed.connect(refresh);
    runs.pipeline.selectionChanged.connect(refresh);
    runs.pipeline.panel.disposed.connect(() => marks.dispose());
  };
  const look = (): void => {
    refresh();
    current(kale); // so that its runs are found
  };
  kale.runs.added.connect(onAdded);
  kale.pipelines.currentChanged.connect(look);
  look();
  const poll = new Poll({
    factory: async () => current(kale).runs?.refresh(),
    frequency: { interval: LOOK, backoff: true, max: 60_000 },
    standby: 'when-hidden',
    name: 'kale-lite:runs'
  });
  all.add(poll);
  all.add(
    new DisposableDelegate(() => {
      kale.runs.added.disconnect(onAdded);
      kale.pipelines.currentChanged.disconnect(look);
    })
  );
}

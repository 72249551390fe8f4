/** Commands that are about cells, steps and the graph; those that run something are in running/commands.ts. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { joinAbove, splitAt } from './cells';
import { stepColour } from './colours';
import { joinIcon, pipelineIcon, splitIcon } from './icons';
import type { NotebookPipeline } from './model';
import { NotebookSide, selectedCells } from './notebook/side';
import { currentPaint, download, toPng, toSvg } from './panel/drawing';
import { sorted } from './panel/findings';
import { layOut } from './panel/layout';
import { CommandIDs, IKaleLite } from './tokens';

interface IContext {
  app: JupyterFrontEnd;
  kale: IKaleLite;
  side: NotebookSide;
  trans: TranslationBundle;
  /** Show the panel. */
  openPanel: () => void;
}

type Arguments = ReadonlyPartialJSONObject;

const NOTHING = { args: { type: 'object', properties: {} } } as const;

export function addCommands(context: IContext, palette: ICommandPalette | null): void {
  const { app, trans } = context;
  const all = { ...panelCommands(context), ...cellCommands(context), ...stepCommands(context) };
  const category = trans.__('Pipeline');
  for (const [id, options] of Object.entries(all)) {
    app.commands.addCommand(id, options);
    if (id === CommandIDs.exportGraph) {
      for (const format of ['svg', 'png', 'mermaid']) {
        palette?.addItem({ command: id, category, args: { format } });
      }
    } else if (id !== CommandIDs.goToStep) {
      palette?.addItem({ command: id, category, args: { palette: true } });
    }
  }
}

/** The command is possible as long as there is a notebook in front that is no record of a run. */
function withNotebook(kale: IKaleLite, run: (pipeline: NotebookPipeline, args: Arguments) => unknown) {
  return {
    isEnabled: (): boolean => kale.pipelines.current?.isRecord === false,
    execute: (args: Arguments): unknown => {
      const pipeline = kale.pipelines.current;
      return pipeline ? run(pipeline, args) : undefined;
    }
  };
}

function panelCommands({ kale, trans, openPanel }: IContext): { [id: string]: CommandRegistry.ICommandOptions } {
  return {
    [CommandIDs.openPanel]: {
      label: trans.__('Show Pipeline'),
      caption: trans.__('Show the pipeline of the notebook in the side panel'),
      icon: args => (args.palette ? undefined : pipelineIcon),
      describedBy: NOTHING,
      execute: openPanel
    },
    [CommandIDs.suggest]: {
      label: trans.__('Suggest Steps'),
      caption: trans.__('Propose steps for cells without tags; nothing is changed until you accept'),
      describedBy: NOTHING,
      ...withNotebook(kale, pipeline => {
        openPanel();
        return pipeline.suggesting.ask();
      })
    },
    [CommandIDs.toggleBadges]: {
      label: trans.__('Show Steps at Cells'),
      caption: trans.__('Show role and step above every code cell'),
      describedBy: NOTHING,
      isToggled: () => kale.settings.badges,
      execute: () => kale.settings.set('badges', !kale.settings.badges)
    },
    [CommandIDs.exportGraph]: exportCommand(kale, trans)
  };
}

function cellCommands({ kale, side, trans }: IContext): { [id: string]: CommandRegistry.ICommandOptions } {
  const changes = (make: typeof splitAt) => {
    const found = (): ReturnType<typeof splitAt> => {
      const pipeline = kale.pipelines.current;
      return pipeline?.isReady && !pipeline.isRecord ? make(pipeline.views, pipeline.panel.content.activeCellIndex) : null;
    };
    return {
      describedBy: NOTHING,
      isEnabled: () => found() !== null,
      execute: () => {
        const made = found();
        if (made) {
          kale.pipelines.current?.edits.apply(made);
        }
      }
    };
  };
  return {
    [CommandIDs.editCell]: {
      label: trans.__('Edit Role and Step of Cell…'),
      caption: trans.__('Edit role, step and options of the selected cells'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            step: { type: 'string', description: trans.__('Edit the first cell of this step instead of the selected cells') }
          }
        }
      },
      isEnabled: args => {
        const pipeline = kale.pipelines.current;
        return Boolean(pipeline?.isReady && !pipeline.isRecord && (args.step || selectedCells(pipeline).length));
      },
      execute: args => {
        const pipeline = kale.pipelines.current;
        const first = pipeline && typeof args.step === 'string' ? pipeline.cellsOf(args.step)[0] : undefined;
        if (pipeline && first !== undefined) {
          pipeline.panel.content.deselectAll();
          pipeline.panel.content.activeCellIndex = first - 1;
        }
        return pipeline ? side.edit(pipeline) : undefined;
      }
    },
    [CommandIDs.splitStep]: {
      label: trans.__('Split Step at Cell'),
      caption: trans.__('Begin a new step at the active cell'),
      icon: args => (args.palette ? undefined : splitIcon),
      ...changes(splitAt)
    },
    [CommandIDs.joinStep]: {
      label: trans.__('Join Cell to Step Above'),
      caption: trans.__('Make the active cell part of the step above'),
      icon: args => (args.palette ? undefined : joinIcon),
      ...changes(joinAbove)
    }
  };
}

function stepCommands({ kale, trans }: IContext): { [id: string]: CommandRegistry.ICommandOptions } {
  return {
    [CommandIDs.goToStep]: {
      label: trans.__('Go to Cell'),
      caption: trans.__('Show the first cell of the step'),
      describedBy: {
        args: {
          type: 'object',
          properties: { step: { type: 'string', description: trans.__('The name of the step') } },
          required: ['step']
        }
      },
      ...withNotebook(kale, (pipeline, args) => {
        const [first] = pipeline.cellsOf(String(args.step));
        return first === undefined ? undefined : pipeline.reveal({ index: first - 1, line: 0 });
      })
    },
    [CommandIDs.nextFinding]: {
      label: trans.__('Go to Next Finding'),
      caption: trans.__('Go to the next finding of the pipeline, after the active cell'),
      describedBy: NOTHING,
      isEnabled: () => Boolean(kale.pipelines.current?.analysis?.diagnostics.some(one => one.cell > 0 && !one.notebook)),
      execute: () => {
        const pipeline = kale.pipelines.current;
        const found = sorted(pipeline?.analysis?.diagnostics ?? []).filter(one => one.cell > 0 && !one.notebook);
        const places = found.sort((a, b) => a.cell - b.cell || a.line - b.line);
        const at = (pipeline?.panel.content.activeCellIndex ?? 0) + 1;
        const next = places.find(one => one.cell > at) ?? places[0];
        return next && pipeline ? pipeline.reveal({ index: next.cell - 1, line: next.line }) : undefined;
      }
    }
  };
}

function exportCommand(kale: IKaleLite, trans: TranslationBundle): CommandRegistry.ICommandOptions {
  const labels: { [format: string]: string } = {
    svg: trans.__('Export Graph as SVG'),
    png: trans.__('Export Graph as PNG'),
    mermaid: trans.__('Export Graph as Mermaid')
  };
  return {
    label: args => labels[String(args.format)] ?? trans.__('Export Graph'),
    caption: trans.__('Save the graph of the pipeline as a file on this computer'),
    describedBy: {
      args: { type: 'object', properties: { format: { type: 'string', enum: ['svg', 'png', 'mermaid'] } } }
    },
    isEnabled: () => Boolean(kale.pipelines.current?.analysis?.pipeline),
    execute: async args => {
      const pipeline = kale.pipelines.current;
      if (pipeline?.analysis?.pipeline) {
        await exportGraph(pipeline, String(args.format ?? 'svg'), kale.settings.graphDirection === 'right');
      }
    }
  };
}

async function exportGraph(pipeline: NotebookPipeline, format: string, toTheRight: boolean): Promise<void> {
  const { analysis } = pipeline;
  const graph = analysis?.pipeline;
  if (!graph) {
    return;
  }
  if (format === 'mermaid') {
    download(`${graph.name}.mmd`, new Blob([analysis.mermaid], { type: 'text/plain' }));
    return;
  }
  const paint = currentPaint(document.body, name => stepColour(pipeline.stepIndex(name)));
  const svg = toSvg(layOut(graph, toTheRight ? 'right' : 'down'), graph.name, paint);
  const file = format === 'png' ? await toPng(svg) : new Blob([svg], { type: 'image/svg+xml' });
  download(`${graph.name}.${format}`, file);
}

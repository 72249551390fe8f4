/** The plugins of kale-lite's panel. */
import { ILabShell, ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Api } from './api';
import { addCommands } from './commands';
import { pipelineIcon } from './icons';
import { KaleLite } from './kale';
import { NotebookSide } from './notebook/side';
import { Sidebar } from './panel/sidebar';
import { addRunCommands, addToPalette } from './running/commands';
import { IKaleLite } from './tokens';

const PANEL = 'kale-lite-sidebar';

/** The open notebooks as pipelines, for all other plugins. */
const core: JupyterFrontEndPlugin<IKaleLite> = {
  id: 'kale-lite:core',
  description: 'Open notebooks as pipelines, and their runs.',
  autoStart: true,
  provides: IKaleLite,
  requires: [INotebookTracker],
  activate: (app: JupyterFrontEnd, notebooks: INotebookTracker): IKaleLite => {
    const kale = new KaleLite(notebooks, new Api(app.serviceManager.serverSettings));
    kale.info.catch(() => undefined); // the panel tells it
    return kale;
  }
};

const panel: JupyterFrontEndPlugin<void> = {
  id: 'kale-lite:panel',
  description: 'The side panel: the pipeline of the notebook in front, and its runs.',
  autoStart: true,
  requires: [IKaleLite],
  optional: [ILabShell, ILayoutRestorer, ITranslator, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    kale: IKaleLite,
    shell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null,
    store: IStateDB | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('kale_lite');
    addRunCommands(app, kale, trans);
    const sidebar = new Sidebar({ kale, commands: app.commands, trans }, store);
    sidebar.id = PANEL;
    sidebar.title.caption = trans.__('Pipeline of the notebook');
    sidebar.title.icon = pipelineIcon;
    app.shell.add(sidebar, 'left', { rank: 550, type: 'Pipeline' });
    restorer?.add(sidebar, sidebar.id);
  }
};

/** Its settings, commands, and what stands in the notebooks. The schema (schema/plugin.json) is of this one. */
const plugin: JupyterFrontEndPlugin<void> = {
  id: 'kale-lite:plugin',
  description: 'Steps and findings at the cells of notebooks, the cell editor, commands and settings.',
  autoStart: true,
  requires: [IKaleLite, INotebookTracker],
  optional: [ISettingRegistry, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    kale: IKaleLite,
    notebooks: INotebookTracker,
    registry: ISettingRegistry | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('kale_lite');
    const side = new NotebookSide(notebooks, kale, trans);
    addCommands({ app, kale, side, trans, openPanel: () => app.shell.activateById(PANEL) }, palette);
    palette && addToPalette(palette, trans);
    registry?.load(plugin.id).then(
      settings => kale.settings.follow(settings),
      (error: unknown) => console.error('The settings of kale-lite could not be read.', error)
    );
  }
};

export default [core, panel, plugin];

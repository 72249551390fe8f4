/** The plugins of kale-lite's panel. */
import { ILabShell, ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Api, API_VERSION, ApiError, IInfo } from './api';
import { PipelineTracker } from './model';
import { Sidebar } from './panel/sidebar';
import { addRunCommands } from './running/commands';
import { RunsTracker } from './runs';
import { IKaleLite } from './tokens';

async function checkedInfo(api: Api): Promise<IInfo> {
  const info = await api.info();
  if (info.api !== API_VERSION) {
    throw new ApiError(
      500,
      `The server part of kale-lite is of another version (${info.version}).`,
      'Install both parts anew, and start JupyterLab again.'
    );
  }
  return info;
}

/** The open notebooks as pipelines, for all other plugins. */
const core: JupyterFrontEndPlugin<IKaleLite> = {
  id: 'kale-lite:core',
  description: 'Open notebooks as pipelines, and their runs.',
  autoStart: true,
  provides: IKaleLite,
  requires: [INotebookTracker],
  activate: (app: JupyterFrontEnd, notebooks: INotebookTracker): IKaleLite => {
    const api = new Api(app.serviceManager.serverSettings);
    const info = checkedInfo(api);
    info.catch(() => undefined); // each that asks tells it
    return { api, info, pipelines: new PipelineTracker(notebooks, api), runs: new RunsTracker(api) };
  }
};

const panel: JupyterFrontEndPlugin<void> = {
  id: 'kale-lite:panel',
  description: 'The side panel: the pipeline of the notebook in front, and its runs.',
  autoStart: true,
  requires: [IKaleLite],
  optional: [ILabShell, ILayoutRestorer, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    kale: IKaleLite,
    shell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('kale_lite');
    addRunCommands(app, kale, trans);
    const sidebar = new Sidebar({ kale, commands: app.commands, trans });
    sidebar.id = 'kale-lite-sidebar';
    sidebar.title.caption = trans.__('Pipeline of the notebook');
    sidebar.title.label = trans.__('Pipeline');
    app.shell.add(sidebar, 'left', { rank: 550, type: 'Pipeline' });
    restorer?.add(sidebar, sidebar.id);
  }
};

export default [core, panel];

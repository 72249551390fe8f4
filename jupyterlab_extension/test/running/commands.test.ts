import type { JupyterFrontEnd } from '@jupyterlab/application';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { expect, it, vi } from 'vitest';
import { addRunCommands, RunCommandIDs } from '../../src/running/commands';
import { IKaleLite } from '../../src/tokens';

it('executed notebooks are opened without a kernel', async () => {
  const commands = new CommandRegistry();
  const execute = vi.fn();
  commands.addCommand('docmanager:open', { execute });
  const kale = {
    pipelines: { current: null, currentChanged: new Signal({}) },
    runs: { added: new Signal({}) },
    settings: { jobs: 0 }
  } as unknown as IKaleLite;
  const added = addRunCommands({ commands } as unknown as JupyterFrontEnd, kale, nullTranslator.load('kale_lite'));
  await commands.execute(RunCommandIDs.openRunNotebook, { path: 'kale-lite-runs/demo-1/notebook.ipynb' });
  expect(execute).toHaveBeenCalledWith({
    path: 'kale-lite-runs/demo-1/notebook.ipynb', factory: 'Notebook', kernelPreference: { shouldStart: false }
  });
  added.dispose();
});

/** The icon of "Compile and run": steps, and what sets them going. Told apart from the one that runs a cell. */
import { LabIcon } from '@jupyterlab/ui-components';

export const runPipelineIcon = new LabIcon({
  name: 'kale-lite:run-pipeline',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16"><g class="jp-icon3 jp-icon-selectable" fill="#616161">
    <path d="M1 1.500h4.500v3.500H1zM1 11h4.500v3.500H1zM2.500 5h1.500v6H2.500zM7.500 3.500v9L15 8z"/></g></svg>`
});

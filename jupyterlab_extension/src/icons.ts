/** Icons of kale-lite: roles of cells, states of steps, severities. Their shapes differ, so that colour is not needed. */
import { LabIcon } from '@jupyterlab/ui-components';
import type { Role, Severity, StepState } from './api';

function icon(name: string, shapes: string): LabIcon {
  const svgstr = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16">${shapes}</svg>`;
  return new LabIcon({ name: `kale-lite:${name}`, svgstr });
}

/** Filled shapes, in the colour that the theme gives to icons. */
function filled(name: string, path: string): LabIcon {
  return icon(name, `<path class="jp-icon3" fill="#616161" fill-rule="evenodd" d="${path}"/>`);
}

/** Lines, in the colour that the theme gives to icons. */
function lined(name: string, path: string): LabIcon {
  const line = 'fill="none" stroke="#616161" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"';
  return icon(name, `<path class="jp-icon-selectable jp-KaleLite-line" ${line} d="${path}"/>`);
}

/** A graph of three steps. */
export const pipelineIcon = new LabIcon({
  name: 'kale-lite:pipeline',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16"><g class="jp-icon3 jp-icon-selectable" fill="#616161">
    <path d="M5.5 1h5A1.5 1.5 0 0 1 12 2.500v1.500A1.500 1.500 0 0 1 10.500 5.500h-1.750v1.500h2.750a1.500 1.500 0 0 1 1.500 1.500v1h.500A1.500 1.500 0 0 1 15 11v2.500A1.500 1.500 0 0 1 13.500 15h-3A1.500 1.500 0 0 1 9 13.500V11a1.500 1.500 0 0 1 1.500-1.500h1v-1h-7v1h1A1.500 1.500 0 0 1 7 11v2.500A1.500 1.500 0 0 1 5.500 15h-3A1.500 1.500 0 0 1 1 13.500V11a1.500 1.500 0 0 1 1.500-1.500H3v-1A1.500 1.500 0 0 1 4.500 7h2.750V5.500H5.500A1.500 1.500 0 0 1 4 4V2.500A1.500 1.500 0 0 1 5.500 1z"/></g></svg>`
});

const ROLE_ICONS: { readonly [role in Role]: LabIcon } = {
  step: lined('step', 'M4 5.500h8v5H4zM8 1.500v4M8 10.500v4'),
  imports: lined('imports', 'M8 2v7.500M4.800 6.500 8 9.700l3.200-3.200M2.500 11v2.500h11V11'),
  functions: lined('functions', 'M11.500 2.600c-2-.8-3.200.2-3.500 2L6.500 12c-.3 1.600-1.300 2.300-3 1.700M4.500 6.800h6'),
  parameters: lined('parameters', 'M2 4.500h6M12 4.500h2M2 11.500h2M8 11.500h6M10 2.700v3.600M6 9.700v3.600'),
  metrics: lined('metrics', 'M2.500 13.500h11M4 11V8M8 11V3M12 11V6'),
  notebook: lined('notebook', 'M4 2h8.500v12H4zM2.500 4.500H4M2.500 8H4M2.500 11.500H4M6.500 5H10'),
  skip: lined('skip', 'M8 2a6 6 0 1 0 .01 0zM3.900 12.100l8.200-8.200')
};

const STATE_ICONS: { readonly [state in StepState | 'reused']: LabIcon } = {
  waiting: lined('waiting', 'M8 2a6 6 0 1 0 .01 0zM8 4.800V8l2 1.500'),
  running: filled('running', 'M4 2.500v11l9-5.500z'),
  done: lined('done', 'M3 8.500l3.500 3.500L13 4.500'),
  reused: lined('reused', 'M13 6.500A5.200 5.200 0 0 0 3.500 5M3 9.500A5.200 5.200 0 0 0 12.500 11M3.300 2v3.200h3.200M12.700 14v-3.200H9.500'),
  failed: lined('failed', 'M4 4l8 8M12 4l-8 8'),
  skipped: lined('skipped', 'M3 4l4 4-4 4M8 4l4 4-4 4'),
  cancelled: filled('cancelled', 'M4 4h8v8H4z'),
  interrupted: lined('interrupted', 'M6 4v8M10 4v8')
};

const SEVERITY_ICONS: { readonly [severity in Severity]: LabIcon } = {
  error: filled('error', 'M5 1.500h6L14.500 5v6L11 14.500H5L1.500 11V5zM7.200 4v5h1.600V4zM7.200 10.300V12h1.600v-1.700z'),
  warning: filled('warning', 'M8 1.200 15.300 14H.7zM7.200 5.500v4.300h1.600V5.500zM7.200 10.900v1.600h1.600v-1.600z'),
  info: filled('info', 'M8 1.500a6.500 6.500 0 1 0 .01 0zM7.200 4v1.700h1.600V4zM7.200 7v5h1.600V7z')
};

/** The pipeline is run: to be told apart from the button that runs a cell. */
export const runPipelineIcon = new LabIcon({
  name: 'kale-lite:run-pipeline',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16"><g class="jp-icon3 jp-icon-selectable" fill="#616161">
    <path d="M6 4v9l8-4.500z"/><path d="M1 2.500h4v3H1zM1 10.500h4v3H1zM2.400 5.500h1.200v5H2.400z"/></g></svg>`
});
export const minusIcon = lined('minus', 'M3 8h10');
/** A cell goes on with the step above. */
export const goesOnIcon = lined('goes-on', 'M4 2.500v6.500h8M9.200 6.200 12 9l-2.800 2.800');
export const fitIcon = lined('fit', 'M2.500 6V2.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10');
export const splitIcon = lined('split', 'M2.500 8h11M8 5.500V1.500M6 3.500l2-2 2 2M8 10.500v4M6 12.500l2 2 2-2');
export const joinIcon = lined('join', 'M3 2v2.500L8 8.500l5-4V2M8 8.500V14M5.500 11.500 8 14l2.500-2.500');

export function roleIcon(role: Role): LabIcon {
  return ROLE_ICONS[role];
}

export function stateIcon(state: StepState | 'reused'): LabIcon {
  return STATE_ICONS[state];
}

export function severityIcon(severity: Severity): LabIcon {
  return SEVERITY_ICONS[severity];
}

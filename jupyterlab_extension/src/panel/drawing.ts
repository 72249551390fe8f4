/** The pipeline as a picture of its own: SVG, and PNG made of it. */
import { pipelineText } from './words';
import { ILayout, labelWidth, nodeName, pathOf } from './layout';

/** Colours of a picture, as CSS that holds outside of the page. */
export interface IPaint {
  background: string;
  text: string;
  muted: string;
  line: string;
  font: string;
  step: (name: string) => string;
}

const MARGIN = 16;

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, found => `&#${found.charCodeAt(0)};`);
}

/** The picture as the text of an SVG file. */
export function toSvg(layout: ILayout, title: string, paint: IPaint): string {
  const width = Math.ceil(layout.width) + 2 * MARGIN;
  const height = Math.ceil(layout.height) + 2 * MARGIN;
  const edges = layout.edges.map(
    edge => `<path d="${pathOf(edge.points)}" fill="none" stroke="${paint.line}" marker-end="url(#arrow)"/>`
  );
  const labels = layout.edges.filter(edge => edge.label).map(edge => {
    const wide = labelWidth(edge.label);
    const { x, y } = edge.labelAt;
    return `<rect x="${x - wide / 2}" y="${y - 7}" width="${wide}" height="14" fill="${paint.background}"/>
<text x="${x}" y="${y + 3.5}" font-size="10" text-anchor="middle" fill="${paint.muted}">${escaped(edge.label)}</text>`;
  });
  const nodes = layout.nodes.map(({ step, x, y, width: w, height: h }) => {
    const colour = paint.step(step.name);
    return `<g><title>${escaped(pipelineText(step))}</title>
<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="4" fill="${paint.background}" stroke="${colour}"/>
<rect x="${x}" y="${y}" width="5" height="${h}" rx="2" fill="${colour}"/>
<text x="${x + w / 2 + 2}" y="${y + h / 2 + 4}" font-size="12" text-anchor="middle" fill="${paint.text}">${escaped(nodeName(step))}</text></g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${-MARGIN} ${-MARGIN} ${width} ${height}" font-family="${escaped(paint.font)}" role="img" aria-label="${escaped(title)}">
<title>${escaped(title)}</title>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="${paint.line}"/></marker></defs>
<rect x="${-MARGIN}" y="${-MARGIN}" width="${width}" height="${height}" fill="${paint.background}"/>
${[...edges, ...labels, ...nodes].join('\n')}
</svg>
`;
}

/** A PNG of an SVG file, at twice its size. */
export async function toPng(svg: string): Promise<Blob> {
  const image = new Image();
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    await new Promise<void>((resolve, reject) => {
      image.onload = () => resolve();
      image.onerror = () => reject(new Error('The picture could not be drawn.'));
      image.src = url;
    });
    const canvas = document.createElement('canvas');
    canvas.width = image.naturalWidth * 2;
    canvas.height = image.naturalHeight * 2;
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise<Blob>((resolve, reject) =>
      canvas.toBlob(blob => (blob ? resolve(blob) : reject(new Error('The picture could not be drawn.'))), 'image/png')
    );
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** Colours of the theme that the page has now. `colourOf` gives a step's colour as CSS of the page. */
export function currentPaint(element: Element, colourOf: (name: string) => string): IPaint {
  const resolved = (colour: string): string => {
    const probe = document.createElement('span');
    probe.style.color = colour;
    element.appendChild(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  return {
    background: resolved('var(--jp-layout-color1)'),
    text: resolved('var(--jp-ui-font-color1)'),
    muted: resolved('var(--jp-ui-font-color2)'),
    line: resolved('var(--jp-ui-font-color3)'),
    font: getComputedStyle(element).fontFamily,
    step: name => resolved(colourOf(name))
  };
}

/** Have the browser save a file. */
export function download(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

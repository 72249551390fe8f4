import '@xyflow/react/dist/base.css';
import './base.css';
import './running.css';
import './panel.css';
import './graph.css';
import './notebook.css';

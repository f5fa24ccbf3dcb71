// The inspector of uploaded pictures.
import { inspectImage } from "../adapters/source-image.ts";
import type { ImageInspector } from "../media/ports.ts";

export const imageInspector: ImageInspector = { inspect: inspectImage };

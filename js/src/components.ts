import { liveTranscript } from "./live/component";
import { transcriptReader } from "./reader/component";
import type { Component } from "./shared/port";

/** The views by the name that the kernel calls them by, in the trait `component`. */
export const components: Record<string, Component<never>> = {
  live: liveTranscript,
  reader: transcriptReader,
};

// Buttons that put a text onto the clipboard, and say whether they could.
import { useState } from "preact/hooks";

interface Props {
  text: string;
  children: string;
  onSay: (words: string) => void;
}

export function CopyButton({ text, children, onSay }: Props) {
  const [said, setSaid] = useState<string>();
  const copy = async () => {
    // A page without TLS has no clipboard.
    const copied = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    );
    const words = copied ? "Copied" : "Not allowed here: mark it and copy";
    setSaid(words);
    onSay(words);
    setTimeout(() => setSaid(undefined), SHOWN_MS);
  };
  return (
    <button type="button" class="quiet copy" onClick={() => void copy()}>
      {said ?? children}
    </button>
  );
}
const SHOWN_MS = 2500;

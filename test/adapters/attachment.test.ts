// The header that a browser keeps a file by (RFC 6266), read back by the rules of RFC 8187.
import fc from "fast-check";
import { expect, it } from "vitest";
import { attachment } from "../../shared/adapters/attachment.ts";
import { videoFileName } from "../../shared/media/file-names.ts";

it.each([
  ["Beach-pro.mp4", `attachment; filename="Beach-pro.mp4"`],
  ["é.mp4", `attachment; filename="e.mp4"; filename*=UTF-8''%C3%A9.mp4`],
  ["浜.mp4", `attachment; filename="_.mp4"; filename*=UTF-8''%E6%B5%9C.mp4`],
  ["／etc.mp4", `attachment; filename="_etc.mp4"; filename*=UTF-8''%EF%BC%8Fetc.mp4`],
  ["(a)*'.mp4", `attachment; filename="(a)_'.mp4"; filename*=UTF-8''%28a%29%2A%27.mp4`],
])("of %s", (fileName, header) => {
  expect(attachment(fileName)).toBe(header);
});

it("of any name is one line of ASCII that ends where it should, and says the name", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 100 }), (name) => {
      const fileName = videoFileName({ name });
      const [, ascii = "", encoded] =
        /^attachment; filename="([\x20-\x21\x23-\x5b\x5d-\x7e]+)"(?:; filename\*=UTF-8''([\w!#$&+.^`|~%-]+))?$/.exec(
          attachment(fileName),
        ) ?? [];
      expect(encoded === undefined ? ascii : decodeURIComponent(encoded)).toBe(fileName);
    }),
  );
});

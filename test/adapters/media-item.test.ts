// The stored shape of a record is the record's own: the compiler holds the one against the other.
import { describe, expect, it } from "vitest";
import { storedFields, type StoredFields } from "../../shared/adapters/media-item.ts";

describe("the schema of a stored record", () => {
  it("has every field of the record: one that is forgotten does not compile", () => {
    const { withoutMediaSince: forgotten, ...rest } = storedFields;
    // @ts-expect-error the schema of `withoutMediaSince` is missing
    const incomplete: StoredFields = rest;
    const complete: StoredFields = { ...rest, withoutMediaSince: forgotten };
    expect(Object.keys(complete).toSorted()).toEqual(Object.keys(storedFields).toSorted());
    expect(Object.keys(incomplete)).toHaveLength(Object.keys(storedFields).length - 1);
  });

  it("has each in the record's own type: another does not compile", () => {
    // @ts-expect-error an attempt is a number
    const mistyped: StoredFields = { ...storedFields, attempt: storedFields.name };
    expect(mistyped).not.toBe(storedFields);
  });
});

// DynamoDB's update and condition expressions, built from plain values: every name and value goes by placeholder.

/** In a change: this attribute stays as it is. */
export const KEEP = Symbol("keep");

/** An UpdateExpression and its condition, every name and value by placeholder. */
export class UpdateExpression {
  readonly #set: string[] = [];
  readonly #remove: string[] = [];
  readonly #add: string[] = [];
  readonly #conditions: string[] = [];
  readonly #names: Record<string, string> = {};
  readonly #values: Record<string, unknown> = {};

  /** Sets each attribute; `undefined` removes it. */
  change(attributes: Record<string, unknown>): void {
    for (const [name, value] of Object.entries(attributes)) {
      if (value === KEEP) continue;
      if (value === undefined) this.#remove.push(this.#name(name));
      else this.#set.push(`${this.#name(name)} = ${this.#value(value)}`);
    }
  }

  setInside(map: string, key: string, value: unknown): void {
    this.#set.push(`${this.#name(map)}.${this.#name(key)} = ${this.#value(value)}`);
  }

  removeInside(map: string, key: string): void {
    this.#remove.push(`${this.#name(map)}.${this.#name(key)}`);
  }

  increment(name: string): void {
    this.#add.push(`${this.#name(name)} ${this.#value(1)}`);
  }

  requireExists(name: string): void {
    this.#conditions.push(`attribute_exists(${this.#name(name)})`);
  }

  requireOneOf(name: string, values: readonly unknown[]): void {
    this.#conditions.push(`${this.#name(name)} IN (${values.map((value) => this.#value(value)).join(", ")})`);
  }

  /** Each attribute must have this value; `undefined`: must be absent. */
  requireEqual(attributes: Record<string, unknown>): void {
    for (const [name, value] of Object.entries(attributes)) {
      this.#conditions.push(
        value === undefined
          ? `attribute_not_exists(${this.#name(name)})`
          : `${this.#name(name)} = ${this.#value(value)}`,
      );
    }
  }

  build() {
    const clause = (verb: string, parts: string[]) => (parts.length > 0 ? [`${verb} ${parts.join(", ")}`] : []);
    return {
      UpdateExpression: [
        ...clause("SET", this.#set),
        ...clause("REMOVE", this.#remove),
        ...clause("ADD", this.#add),
      ].join(" "),
      ConditionExpression: this.#conditions.join(" AND "),
      ExpressionAttributeNames: this.#names,
      ...(Object.keys(this.#values).length > 0 && { ExpressionAttributeValues: this.#values }),
    };
  }

  #name(name: string): string {
    const known = Object.entries(this.#names).find(([, value]) => value === name)?.[0];
    const placeholder = known ?? `#n${Object.keys(this.#names).length}`;
    this.#names[placeholder] = name;
    return placeholder;
  }

  #value(value: unknown): string {
    const placeholder = `:v${Object.keys(this.#values).length}`;
    this.#values[placeholder] = value;
    return placeholder;
  }
}

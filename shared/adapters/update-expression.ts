// DynamoDB's update and condition expressions, built from plain values: every name and value goes by placeholder.

/** In a change: this attribute stays as it is. */
export const KEEP = Symbol("keep");

/** An attribute, or the way to one inside a map: `["open", id, "at"]`. */
export type Path = string | readonly string[];

type Comparison = "=" | "<" | "<=" | ">" | ">=";

/** An UpdateExpression and its condition, every name and value by placeholder; each method returns the same expression. */
export class UpdateExpression {
  readonly #set: string[] = [];
  readonly #remove: string[] = [];
  readonly #add: string[] = [];
  readonly #conditions: string[] = [];
  readonly #names: Record<string, string> = {};
  readonly #values: Record<string, unknown> = {};

  /** Sets each attribute; `undefined` removes it. */
  change(attributes: Record<string, unknown>): this {
    for (const [name, value] of Object.entries(attributes)) {
      if (value === KEEP) continue;
      if (value === undefined) this.remove(name);
      else this.set(name, value);
    }
    return this;
  }

  set(path: Path, value: unknown): this {
    this.#set.push(`${this.#path(path)} = ${this.#value(value)}`);
    return this;
  }

  setIfAbsent(path: Path, value: unknown): this {
    const name = this.#path(path);
    this.#set.push(`${name} = if_not_exists(${name}, ${this.#value(value)})`);
    return this;
  }

  /** Adds to a number that exists. */
  add(path: Path, number: number): this {
    const name = this.#path(path);
    this.#set.push(`${name} = ${name} + ${this.#value(number)}`);
    return this;
  }

  /** Takes one number of the item from another. */
  subtract(path: Path, taken: Path): this {
    const name = this.#path(path);
    this.#set.push(`${name} = ${name} - ${this.#path(taken)}`);
    return this;
  }

  /** Adds one number of the item to another. */
  addOwn(path: Path, added: Path): this {
    const name = this.#path(path);
    this.#set.push(`${name} = ${name} + ${this.#path(added)}`);
    return this;
  }

  remove(path: Path): this {
    this.#remove.push(this.#path(path));
    return this;
  }

  /** By one; a number that is not there counts from 0. */
  increment(name: string): this {
    this.#add.push(`${this.#path(name)} ${this.#value(1)}`);
    return this;
  }

  requireExists(path: Path): this {
    this.#conditions.push(`attribute_exists(${this.#path(path)})`);
    return this;
  }

  requireAbsent(path: Path): this {
    this.#conditions.push(`attribute_not_exists(${this.#path(path)})`);
    return this;
  }

  require(path: Path, comparison: Comparison, value: unknown): this {
    this.#conditions.push(`${this.#path(path)} ${comparison} ${this.#value(value)}`);
    return this;
  }

  /** Two attributes of the item must have one value. */
  requireSame(path: Path, other: Path): this {
    this.#conditions.push(`${this.#path(path)} = ${this.#path(other)}`);
    return this;
  }

  /** @param size entries of a map */
  requireSize(path: Path, comparison: Comparison, size: number): this {
    this.#conditions.push(`size(${this.#path(path)}) ${comparison} ${this.#value(size)}`);
    return this;
  }

  /** At least one of these must hold: each is what a require... of this expression says. */
  requireAny(...ways: ((one: this) => unknown)[]): this {
    const before = this.#conditions.splice(0);
    for (const way of ways) way(this);
    const any = this.#conditions.splice(0).map((condition) => `(${condition})`);
    this.#conditions.push(...before, `(${any.join(" OR ")})`);
    return this;
  }

  requireOneOf(path: Path, values: readonly unknown[]): this {
    this.#conditions.push(`${this.#path(path)} IN (${values.map((value) => this.#value(value)).join(", ")})`);
    return this;
  }

  /** Each attribute must have this value; `undefined`: must be absent. */
  requireEqual(attributes: Record<string, unknown>): this {
    for (const [name, value] of Object.entries(attributes)) {
      if (value === undefined) this.requireAbsent(name);
      else this.require(name, "=", value);
    }
    return this;
  }

  /** The parts of an UpdateItem; what is empty is left out, as DynamoDB wants it. */
  build() {
    const clause = (verb: string, parts: string[]) => (parts.length > 0 ? [`${verb} ${parts.join(", ")}`] : []);
    return {
      UpdateExpression: [
        ...clause("SET", this.#set),
        ...clause("REMOVE", this.#remove),
        ...clause("ADD", this.#add),
      ].join(" "),
      ...(this.#conditions.length > 0 && { ConditionExpression: this.#conditions.join(" AND ") }),
      ExpressionAttributeNames: this.#names,
      ...(Object.keys(this.#values).length > 0 && { ExpressionAttributeValues: this.#values }),
    };
  }

  #path(path: Path): string {
    return (typeof path === "string" ? [path] : path).map((name) => this.#name(name)).join(".");
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

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { parse } from 'yaml';

// Answers against the specification of the Docker Engine API (Swagger 2.0), which is no part of this repository:
// `GANTRY_DOCKER_SPEC`, or the reference folder next to it.

const NEXT_TO_IT = '../../../../shared/reference/docker-engine-api-v1.51.yaml';
const path = process.env.GANTRY_DOCKER_SPEC || join(import.meta.dirname, NEXT_TO_IT);

type Node = Record<string, unknown>;
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);

export type Specification = {
  /** What is wrong with an answer: one line each; empty when it is valid. */
  faults(definition: string, answer: unknown): string[];
  /** The same for the answer of an operation with this status. */
  faultsOf(method: string, path: string, status: number, answer: unknown): string[];
};

/** Undefined when the specification is not on this machine. */
export function loadSpecification(): Specification | undefined {
  if (!existsSync(path)) return undefined;
  const document = parse(readFileSync(path, 'utf8')) as { definitions: Node; paths: Record<string, Node> };
  const ajv = new Ajv2019({ strict: false, allErrors: true, logger: false, validateFormats: false });
  const whole = flatten(document, document.definitions) as typeof document;
  const definitions = toJsonSchema(whole.definitions, 'definitions') as Node;
  ajv.addSchema({ $id: 'docker', definitions });
  const check = (schema: Node, answer: unknown): string[] => {
    const validate = ajv.compile(schema);
    if (validate(answer)) return [];
    return (validate.errors ?? []).map(({ instancePath, message, params }) => {
      const name = 'unevaluatedProperty' in params ? `: ${params.unevaluatedProperty}` : '';
      return `${instancePath || '/'} ${message}${name}`;
    });
  };
  return {
    faults: (definition, answer) => check({ $ref: `docker#/definitions/${definition}` }, answer),
    faultsOf(method, route, status, answer) {
      const operation = whole.paths[route]?.[method.toLowerCase()] as { responses: Record<string, Node> } | undefined;
      const response = operation?.responses[String(status)];
      if (!response) return [`the specification has no answer ${status} for ${method} ${route}`];
      return response.schema ? check(closed(toJsonSchema(response.schema) as Node), answer) : [];
    },
  };
}

/** `allOf` as one object, so that a field which no part names can be told. */
function flatten(value: unknown, definitions: Node): unknown {
  if (Array.isArray(value)) return value.map((item) => flatten(item, definitions));
  if (!isNode(value)) return value;
  if (!Array.isArray(value.allOf)) {
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, flatten(field, definitions)]));
  }
  const parts = (value.allOf as Node[]).map((part) => {
    const name = typeof part.$ref === 'string' ? part.$ref.replace('#/definitions/', '') : undefined;
    return flatten(name === undefined ? part : definitions[name], definitions) as Node;
  });
  const single = parts.length === 1 ? parts[0] : undefined;
  if (single && single.properties === undefined) return single;
  const properties = Object.assign({}, ...parts.map((part) => part.properties));
  return { type: 'object', properties, ...(value['x-nullable'] === true ? { 'x-nullable': true } : {}) };
}

/** Pointers in Docker's own types, null when nobody set them; the specification does not say so. */
const POINTERS = new Set(['MemorySwappiness', 'OomKillDisable']);

/**
 * A schema object of Swagger 2.0 as JSON Schema. `x-nullable` is a type; lists and maps may be null, as Go writes those
 * that are empty, whether the specification says so or not; a field it does not name is a fault.
 */
function toJsonSchema(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => toJsonSchema(item));
  if (!isNode(value)) return value;
  if (key === 'properties' || key === 'definitions') {
    return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, toJsonSchema(schema, name)]));
  }
  const schema: Node = {};
  for (const [name, field] of Object.entries(value)) {
    if (
      ['example', 'examples', 'default', 'description', 'title', 'discriminator', 'format', 'required'].includes(name)
    )
      continue;
    schema[name] = name === 'enum' ? field : toJsonSchema(field, name);
  }
  if (typeof schema.$ref === 'string') {
    const $ref = schema.$ref.replace(/^#/, 'docker#');
    return { anyOf: [{ $ref }, { type: 'null' }] };
  }
  const nullable =
    value['x-nullable'] === true || POINTERS.has(key) || ['array', 'object'].includes(String(schema.type));
  if (typeof schema.type === 'string' && nullable) schema.type = [schema.type, 'null'];
  if (Array.isArray(schema.enum) && nullable) schema.enum = [...schema.enum, null];
  return closed(schema);
}

function closed(schema: Node): Node {
  const named = schema.properties !== undefined || schema.allOf !== undefined;
  return named && schema.additionalProperties === undefined ? { ...schema, unevaluatedProperties: false } : schema;
}

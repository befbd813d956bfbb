import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql'
import type { Problem } from '../../contract/index.ts'

/** What a client sends, validated by the contract. */
export interface OperationRequest {
  readonly query?: string | null | undefined
  readonly documentId?: string | null | undefined
  readonly operationName?: string | null | undefined
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined
}

/** An operation that may run: it fits the schema, and is within all limits. */
export interface Operation {
  readonly schema: GraphQLSchema
  readonly document: DocumentNode
  /** The same without `@defer`: for callers who take no parts. */
  readonly whole: DocumentNode
  readonly definition: OperationDefinitionNode
  readonly operationName: string | undefined
  readonly variables: Readonly<Record<string, unknown>>
  readonly depth: number
  readonly cost: number
  /** Answers what asks for nothing but the schema; undefined for any other operation. */
  readonly answerBySchema: (() => unknown) | undefined
}

/** An error as a client gets it (GraphQL, 7.1.2). */
export interface OperationError {
  readonly message: string
  readonly locations?: readonly { readonly line: number; readonly column: number }[]
}

/** Why an operation does not run. */
export interface Refusal {
  readonly problem: Problem
  readonly errors: readonly OperationError[]
  /** Whether the text, or its variables, are not what the schema has: no limit, and no missing right. */
  readonly isInvalid: boolean
  /** Whether the text is well, and its variables are not. */
  readonly isAboutVariables: boolean
}

/** Finds out what an operation is before it runs, or why it does not. Throws nothing. */
export type PrepareOperation = (request: OperationRequest) => Operation | Refusal

export const isRefusal = (prepared: Operation | Refusal): prepared is Refusal => 'problem' in prepared

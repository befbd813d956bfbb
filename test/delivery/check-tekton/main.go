// Reads pipelines as Tekton's API server admits them: by its own types, and by its own validation, which follows what tasks, parameters and
// workspaces say of each other.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	failed := false
	for _, file := range os.Args[1:] {
		text, err := os.ReadFile(file)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		for _, document := range bytes.Split(text, []byte("\n---\n")) {
			if err := check(document); err != nil {
				failed = true
				fmt.Printf("%s: %v\n", file, err)
			}
		}
	}
	if failed {
		os.Exit(1)
	}
}

func check(document []byte) error {
	var found v1.Pipeline
	if err := yaml.UnmarshalStrict(document, &found); err != nil {
		return err
	}
	if found.Kind != "Pipeline" || found.APIVersion != "tekton.dev/v1" {
		return fmt.Errorf("%s %s is no pipeline", found.APIVersion, found.Kind)
	}
	ctx := context.Background()
	found.SetDefaults(ctx)
	// A nil *FieldError is an error that is not nil.
	if err := found.Validate(ctx); err != nil {
		return fmt.Errorf("%s: %w", found.Name, err)
	}
	return nil
}

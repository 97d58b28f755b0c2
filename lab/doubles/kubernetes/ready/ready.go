// Package ready waits until an object is ready for use, or gone.
package ready

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"weft/lab/doubles/kubernetes/cluster"
)

const (
	skipAwait = "pulumi.com/skipAwait"
	waitFor   = "pulumi.com/waitFor"
)

// Wait is one waiting.
type Wait struct {
	Cluster *cluster.Cluster
	// Inputs are what the program asked for, Live what the API server answered to it.
	Inputs, Live *unstructured.Unstructured
	// Report shows what is being waited for.
	Report func(message string)
}

// Await returns the object when it is ready, or *Error when it is not so before ctx ends. Kinds without a rule here
// are ready at once.
func (w Wait) Await(ctx context.Context) (*unstructured.Unstructured, error) {
	if Skipped(w.Inputs) {
		w.Report("Skipping await logic")
		return w.Live, nil
	}
	if expressions := w.Live.GetAnnotations()[waitFor]; expressions != "" {
		conditions, err := parseConditions(expressions)
		if err != nil {
			return w.Live, err
		}
		return w.until(ctx, conditions.hold, func(string, []string) string {
			return "timed out waiting for the condition"
		})
	}
	if isService(w.Live) {
		return w.awaitService(ctx)
	}
	if isTokenSecret(w.Live) {
		ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
		defer cancel()
		return w.until(ctx, tokenIssued, func(name string, _ []string) string {
			return fmt.Sprintf("Timeout occurred polling for '%s'", name)
		})
	}
	if rule, ok := rules[w.Live.GroupVersionKind().GroupKind()]; ok {
		return w.until(ctx, rule, timedOut)
	}
	return w.Live, nil
}

// Check is Await for a refresh: it looks once, and waits for nothing.
func (w Wait) Check(ctx context.Context) error {
	if Skipped(w.Inputs) {
		return nil
	}
	var done bool
	var reasons []string
	switch rule, ok := rules[w.Live.GroupVersionKind().GroupKind()]; {
	case isService(w.Live):
		done, reasons = w.checkService(ctx)
	case ok:
		done, reasons = rule(w.Live)
	default:
		return nil
	}
	if done {
		return nil
	}
	message := fmt.Sprintf("Resource '%s' was created but failed to initialize", w.Live.GetName())
	return &Error{Object: w.Live, message: message, reasons: reasons}
}

// Skipped is true for an object that the program does not want waited for.
func Skipped(inputs *unstructured.Unstructured) bool {
	return inputs.GetAnnotations()[skipAwait] == "true"
}

// Timeout of an operation: the resource option's seconds, else the annotation's, else ten minutes.
func Timeout(seconds float64, inputs *unstructured.Unstructured) time.Duration {
	if seconds > 0 {
		return time.Duration(seconds * float64(time.Second))
	}
	if annotated, err := time.ParseDuration(inputs.GetAnnotations()["pulumi.com/timeoutSeconds"] + "s"); err == nil {
		return annotated
	}
	return 10 * time.Minute
}

// Error is an object that is there but not ready.
type Error struct {
	// Object is the last that was seen.
	Object  *unstructured.Unstructured
	message string
	reasons []string
}

func (e *Error) Error() string { return e.message }

// Reasons are the single causes, as far as they are known.
func (e *Error) Reasons() []string { return e.reasons }

func timedOut(name string, _ []string) string {
	return fmt.Sprintf("'%s' timed out waiting to be Ready", name)
}

package ready

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// rule says whether an object is ready, and if not, why.
type rule func(obj *unstructured.Unstructured) (ready bool, reasons []string)

// until watches the object until the rule holds. The message for a timeout is made of the object's name.
func (w Wait) until(
	ctx context.Context, holds rule, message func(name string, reasons []string) string,
) (*unstructured.Unstructured, error) {
	last := w.Live
	done, reasons := holds(last)
	if done {
		return last, nil
	}
	client, err := w.Cluster.Client(w.Live)
	if err != nil {
		return last, err
	}
	_, err = watchtools.UntilWithSync(ctx, single(client, w.Live.GetName()), &unstructured.Unstructured{}, nil,
		func(event watch.Event) (bool, error) {
			if event.Type == watch.Deleted {
				return false, fmt.Errorf("'%s' was deleted while waiting for it", w.Live.GetName())
			}
			if obj, ok := event.Object.(*unstructured.Unstructured); ok {
				last = obj
				done, reasons = holds(obj)
			}
			for _, reason := range reasons {
				w.Report(reason)
			}
			return done, nil
		})
	if err == nil {
		return last, nil
	}
	return last, &Error{Object: last, message: w.stopped(ctx, err, message(w.Live.GetName(), reasons)), reasons: reasons}
}

// stopped is what ended a wait: the user, the clock, or something else.
func (w Wait) stopped(ctx context.Context, err error, timeout string) string {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Sprintf("Resource operation was cancelled for %q", w.Live.GetName())
	case ctx.Err() != nil:
		return timeout
	default:
		return err.Error()
	}
}

// Gone waits until no object of that name is left.
func Gone(ctx context.Context, client dynamic.ResourceInterface, name string) error {
	_, err := watchtools.UntilWithSync(ctx, single(client, name), &unstructured.Unstructured{},
		func(store cache.Store) (bool, error) { return len(store.List()) == 0, nil },
		func(event watch.Event) (bool, error) { return event.Type == watch.Deleted, nil })
	if err != nil && ctx.Err() != nil {
		// The same whether or not the first look was over by then.
		return wait.ErrorInterrupted(nil)
	}
	return err
}

// single lists and watches the one object of that name.
func single(client dynamic.ResourceInterface, name string) *cache.ListWatch {
	selector := fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			options.FieldSelector = selector
			return client.List(ctx, options)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			options.FieldSelector = selector
			return client.Watch(ctx, options)
		},
	}
}

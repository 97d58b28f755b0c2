package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	listers "k8s.io/client-go/listers/core/v1"
)

// Relative, as the longest name of a socket is a hundred bytes or so.
const (
	egressSocket  = "egress.sock"
	kubeletSocket = "kubelet.sock"
)

// Where a node's kubelet listens.
const kubeletPort = "10250"

// egress is where the API server goes for whatever is in the cluster's network (`--egress-selector-config-file`, HTTPConnect): to an
// istiod by its pod's address, to the node's kubelet, or, as east-west gateways would, to the istiod behind a load balancer's address.
type egress struct {
	node     string
	pods     *pods
	services listers.ServiceLister
}

func listen(socket string) (net.Listener, error) {
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return net.Listen("unix", socket)
}

// serve answers until ctx ends.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (e *egress) serve(ctx context.Context) error {
	listener, err := listen(egressSocket)
	if err != nil {
		return err
	}
	log.Printf("listening on %s", egressSocket)
	return serve(ctx, listener, e)
}

// ServeHTTP leads CONNECT to its host. To GET, by which the lab's other clusters ask, it tells where on this machine that is.
func (e *egress) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	if request.Method == http.MethodGet {
		address, err := e.locate(request.Host)
		if err != nil {
			http.Error(writer, err.Error(), http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(writer, address)
		return
	}
	upstream, err := e.dial(request.Host)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadGateway)
		return
	}
	// Who asks waits for the answer: nothing else of it has come yet.
	client, _, err := http.NewResponseController(writer).Hijack()
	if err != nil {
		http.Error(writer, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
	join(client, upstream)
}

func (e *egress) dial(host string) (net.Conn, error) {
	if host == net.JoinHostPort(e.node, kubeletPort) {
		return net.Dial("unix", kubeletSocket)
	}
	address, err := e.locate(host)
	if err != nil {
		address, err = askNeighbours(host, err)
	}
	if err != nil {
		return nil, err
	}
	return net.Dial("tcp", address)
}

// locate returns where the istiod that this cluster has at a host listens.
func (e *egress) locate(hostPort string) (string, error) {
	host, portText, err := net.SplitHostPort(hostPort)
	if err != nil {
		return "", err
	}
	number, err := strconv.ParseInt(portText, 10, 32)
	if err != nil {
		return "", err
	}
	port := int32(number)
	target := e.pods.find(func(p *pod) bool { return p.object.Status.PodIP == host })
	if target == nil && e.balances(host, port) {
		target = e.pods.find(func(p *pod) bool { return p.ready.Load() })
	}
	if target == nil {
		target = e.pods.find(func(p *pod) bool { return p.ready.Load() && p.isKnownAs(host) })
	}
	if target == nil {
		return "", fmt.Errorf("nothing runs at %s: only istiods do in a lab", host)
	}
	return target.address(port)
}

// balances tells whether a load balancer of this cluster has the address and leads port to gateways: theirs lead on to istiod.
func (e *egress) balances(host string, port int32) bool {
	services, _ := e.services.List(labels.Everything())
	return slices.ContainsFunc(services, func(service *corev1.Service) bool {
		hasHost := func(ingress corev1.LoadBalancerIngress) bool { return ingress.IP == host }
		hasPort := func(p corev1.ServicePort) bool { return p.Port == port }
		return slices.ContainsFunc(service.Status.LoadBalancer.Ingress, hasHost) && slices.ContainsFunc(service.Spec.Ports, hasPort)
	})
}

// askNeighbours looks for a host in the networks of the lab's other clusters.
func askNeighbours(host string, otherwise error) (string, error) {
	neighbours, _ := filepath.Glob(filepath.Join("..", "*", egressSocket))
	for _, neighbour := range neighbours {
		if address, err := ask(neighbour, host); err == nil {
			return address, nil
		}
	}
	return "", otherwise
}

func ask(neighbour, host string) (string, error) {
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", neighbour) },
	}}
	answer, err := client.Get("http://" + host)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", errors.New(answer.Status)
	}
	address, err := io.ReadAll(answer.Body)
	return string(address), err
}

// join copies both ways. What one end has said to its end, the other may still answer.
func join(a, b io.ReadWriteCloser) {
	done := make(chan struct{}, 2)
	for _, pair := range [][2]io.ReadWriteCloser{{a, b}, {b, a}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1])
			if half, ok := pair[0].(interface{ CloseWrite() error }); ok {
				_ = half.CloseWrite()
			} else {
				// A stream of a port-forward closes one way only.
				_ = pair[0].Close()
			}
			done <- struct{}{}
		}()
	}
	<-done
	<-done
	_ = a.Close()
	_ = b.Close()
}

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	listers "k8s.io/client-go/listers/core/v1"
)

const (
	// Relative, as the longest name of a socket is a hundred bytes or so.
	socket = "egress.sock"
	// Marks what another cluster of the lab asks for, which is asked of no third one.
	relayed = "Lab-Relayed"
	// Where a node's kubelet listens.
	kubeletPort = 10250
)

// egress is where the API server goes for whatever is in the cluster's network (`--egress-selector-config-file`, HTTPConnect): to an
// istiod by its pod's address, to the node's kubelet, or, as east-west gateways would, to the istiod behind a load balancer's address.
type egress struct {
	node     string
	pods     *pods
	services listers.ServiceLister
	kubelet  *kubelet
}

func newEgress(node string, pods *pods, services listers.ServiceLister) (*egress, error) {
	kubelet, err := newKubelet(pods)
	if err != nil {
		return nil, err
	}
	return &egress{node, pods, services, kubelet}, nil
}

func (e *egress) serve(ctx context.Context) error {
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: e}
	context.AfterFunc(ctx, func() { server.Close() })
	log.Printf("listening on %s", socket)
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (e *egress) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	if request.Method != http.MethodConnect {
		http.Error(writer, "only CONNECT", http.StatusMethodNotAllowed)
		return
	}
	connect, err := e.route(request)
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
	connect(client)
}

// bufferedConn is a connection of which some has been read already.
type bufferedConn struct {
	net.Conn
	reader *bufio.Reader
}

func (c *bufferedConn) Read(bytes []byte) (int, error) { return c.reader.Read(bytes) }

// CloseWrite of what are TCP and Unix sockets.
func (c *bufferedConn) CloseWrite() error {
	return c.Conn.(interface{ CloseWrite() error }).CloseWrite()
}

// route says what to do with a connection to the host of a request.
func (e *egress) route(request *http.Request) (func(net.Conn), error) {
	host, portText, err := net.SplitHostPort(request.Host)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseInt(portText, 10, 32)
	if err != nil {
		return nil, err
	}
	if host == e.node && port == kubeletPort {
		return e.kubelet.accept, nil
	}
	upstream, err := e.dial(host, int32(port))
	if err != nil && request.Header.Get(relayed) == "" {
		upstream, err = e.askNeighbours(request.Host, err)
	}
	if err != nil {
		return nil, err
	}
	return func(client net.Conn) { join(client, upstream) }, nil
}

func (e *egress) dial(host string, port int32) (net.Conn, error) {
	target := e.pods.find(func(p *pod) bool { return p.object.Status.PodIP == host })
	if target == nil && e.balances(host, port) {
		target = e.pods.find(func(p *pod) bool { return p.ready.Load() })
	}
	if target == nil {
		target = e.pods.find(func(p *pod) bool { return p.ready.Load() && p.isKnownAs(host) })
	}
	if target == nil {
		return nil, fmt.Errorf("nothing runs at %s: only istiods do in a lab", host)
	}
	address, ok := target.address(port)
	if !ok {
		return nil, fmt.Errorf("istiod %s does not listen on %d", target.object.Name, port)
	}
	return net.Dial("tcp", address)
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
func (e *egress) askNeighbours(host string, otherwise error) (net.Conn, error) {
	neighbours, _ := filepath.Glob(filepath.Join("..", "*", socket))
	for _, neighbour := range neighbours {
		if connection, err := relay(neighbour, host); err == nil {
			return connection, nil
		}
	}
	return nil, otherwise
}

func relay(socket, host string) (net.Conn, error) {
	connection, err := net.Dial("unix", socket)
	if err != nil {
		return nil, err
	}
	request := &http.Request{Method: http.MethodConnect, Host: host, URL: &url.URL{Host: host}, Header: http.Header{relayed: {"yes"}}}
	if err := request.Write(connection); err != nil {
		connection.Close()
		return nil, err
	}
	reader := bufio.NewReader(connection)
	response, err := http.ReadResponse(reader, request)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	if err != nil {
		connection.Close()
		return nil, err
	}
	return &bufferedConn{connection, reader}, nil
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

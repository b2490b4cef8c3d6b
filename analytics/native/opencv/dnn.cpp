#include "dnn.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <opencv2/core/utility.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>

namespace {
struct Network {
	cv::dnn::Net net;
	std::vector<std::string> ends;
	std::vector<float> out;
};

void tell(char *why, size_t room, const char *what) { std::snprintf(why, room, "%s", what); }

// What is wrong with a Darknet network that OpenCV has read: it ends wherever its .cfg ends, and takes weights that are not
// there from anywhere. NULL when nothing is.
const char *wrong(cv::dnn::Net &net, const void *weights, size_t size) {
	for (int id : net.getUnconnectedOutLayers()) {
		if (net.getLayer(id)->type != "Region") {
			return "the .cfg does not end in region layers";
		}
	}
	size_t values = 0;
	for (const auto &name : net.getLayerNames()) {
		auto layer = net.getLayer(net.getLayerId(name));
		if (layer->type != "Region") { // its anchors are in the .cfg
			for (const cv::Mat &blob : layer->blobs) {
				values += blob.total();
			}
		}
	}
	int version[2] = {};
	std::memcpy(version, weights, std::min(size, sizeof version));
	const size_t header = 10 * version[0] + version[1] >= 2 ? 20 : 16;
	return size == header + 4 * values ? nullptr : "the .weights do not belong to the .cfg, or are cut";
}
} // namespace

void *cw_net_read(const void *model, size_t size, const void *config, size_t config_size, char *why, size_t room) {
	try {
		cv::setNumThreads(1); // cameras share the cores, inferences do not
		cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT); // what fails is returned
		auto bytes = static_cast<const char *>(model), text = static_cast<const char *>(config);
		cv::dnn::Net net = config_size ? cv::dnn::readNetFromDarknet(text, config_size, bytes, size) : cv::dnn::readNetFromONNX(bytes, size);
		auto ends = net.getUnconnectedOutLayersNames();
		if (ends.empty()) {
			tell(why, room, "it has no output");
			return nullptr;
		}
		if (const char *what = config_size ? wrong(net, model, size) : nullptr) {
			tell(why, room, what);
			return nullptr;
		}
		return new Network{net, ends, {}};
	} catch (const std::exception &e) {
		tell(why, room, e.what());
	} catch (...) {
		tell(why, room, "unknown error");
	}
	return nullptr;
}

void cw_net_free(void *net) { delete static_cast<Network *>(net); }

const float *cw_net_run(void *handle, float *input, int w, int h, size_t *count, char *why, size_t room) {
	auto *n = static_cast<Network *>(handle);
	try {
		const int shape[] = {1, 3, h, w};
		n->net.setInput(cv::Mat(4, shape, CV_32F, input));
		std::vector<cv::Mat> outs;
		n->net.forward(outs, n->ends);
		n->out.clear();
		for (const cv::Mat &m : outs) {
			CV_Assert(m.type() == CV_32F && m.isContinuous());
			n->out.insert(n->out.end(), m.ptr<float>(), m.ptr<float>() + m.total());
		}
		*count = n->out.size();
		return n->out.data();
	} catch (const std::exception &e) {
		tell(why, room, e.what());
	} catch (...) {
		tell(why, room, "unknown error");
	}
	return nullptr;
}

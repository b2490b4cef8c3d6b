#include "hog.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

void *cw_hog_new(void) {
	try {
		auto *hog = new cv::HOGDescriptor();
		hog->setSVMDetector(cv::HOGDescriptor::getDefaultPeopleDetector());
		return hog;
	} catch (...) {
		return nullptr;
	}
}

void cw_hog_free(void *hog) { delete static_cast<cv::HOGDescriptor *>(hog); }

int cw_hog_detect(void *handle, const unsigned char *pix, int w, int h, int stride, double scale, cw_found *found, int max) {
	auto *hog = static_cast<cv::HOGDescriptor *>(handle);
	try {
		cv::Mat big, picture(h, w, CV_8UC3, const_cast<unsigned char *>(pix), stride);
		cv::resize(picture, big, cv::Size(), scale, scale, cv::INTER_LINEAR);
		if (big.cols < hog->winSize.width || big.rows < hog->winSize.height) {
			return 0; // OpenCV 4.6 corrupts its heap on pictures smaller than the model
		}
		std::vector<cv::Rect> boxes;
		std::vector<double> weights;
		hog->detectMultiScale(big, boxes, weights, 0, cv::Size(8, 8), cv::Size(8, 8), 1.05, 2, false);
		int n = std::min(static_cast<int>(boxes.size()), max);
		for (int i = 0; i < n; i++) {
			const cv::Rect &b = boxes[i];
			found[i] = {b.x / scale, b.y / scale, b.width / scale, b.height / scale, weights[i]};
		}
		return n;
	} catch (...) {
		return -1;
	}
}

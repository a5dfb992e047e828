"""What model files may consist of: a file that asks for anything else is refused.

TensorFlow's graphs are programs (https://github.com/tensorflow/tensorflow/blob/master/SECURITY.md): among its
operations are such that read and write files, run Python functions and talk to other machines. Keras's layers include
some that hold Python code or load other files. None of those is here.
"""

from __future__ import annotations

from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WITHOUT_WEIGHTS = _words(
    """
    Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveMaxPooling1D
    AdaptiveMaxPooling2D Add AdditiveAttention AlphaDropout Attention AugMix AutoContrast Average AveragePooling1D
    AveragePooling2D CenterCrop Concatenate Cropping1D Cropping2D Dot Dropout ELU Equalization Flatten GaussianDropout
    GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D Identity
    InputLayer LeakyReLU MaxPooling1D MaxPooling2D Maximum Minimum Multiply Normalization Permute RMSNormalization
    RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop RandomErasing
    RandomFlip RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization
    RandomRotation RandomSaturation RandomSharpness RandomShear RandomTranslation RandomZoom ReLU RepeatVector Rescaling
    Reshape Resizing Softmax Solarization SpatialDropout1D SpatialDropout2D Subtract UnitNormalization UpSampling1D
    UpSampling2D ZeroPadding1D ZeroPadding2D
    """
)
_OF_APPLICATIONS = {
    "CustomScaleLayer": "inception_resnet_v2",
    "LayerScale": "convnext",
    "StochasticDepth": "convnext",
}
_CONVOLUTION = ("kernel_initializer", "bias_initializer")
_DEPTHWISE = ("depthwise_initializer", "bias_initializer")
_SEPARABLE = ("depthwise_initializer", "pointwise_initializer", "bias_initializer")
_NORMALISATION = ("beta_initializer", "gamma_initializer")

LAYERS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv2DTranspose", "Conv3D", "Dense", "EinsumDense"), _CONVOLUTION),
    **dict.fromkeys(("GroupQueryAttention", "MultiHeadAttention"), _CONVOLUTION),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), _DEPTHWISE),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), _SEPARABLE),
    **dict.fromkeys(("GroupNormalization", "LayerNormalization"), _NORMALISATION),
    "BatchNormalization": (*_NORMALISATION, "moving_mean_initializer", "moving_variance_initializer"),
    "Embedding": ("embeddings_initializer",),
    "PReLU": ("alpha_initializer",),
    # Without weights, or with one or two for each channel that comes in.
    **dict.fromkeys((*_WITHOUT_WEIGHTS, *_OF_APPLICATIONS), ()),
}
"""Keras's layers for pictures, with the arguments that name the initialisers of their weights."""

MODULES: Mapping[str, str] = {
    **dict.fromkeys(LAYERS, "keras.layers"),
    **{layer: f"keras.src.applications.{network}" for layer, network in _OF_APPLICATIONS.items()},
}
"""Where each of them is at home."""

OPERATIONS = _words(
    """
    Abs Add AddN AddV2 AdjustContrastv2 AdjustHue AdjustSaturation All Any ArgMax ArgMin Assert AssignAddVariableOp
    AssignSubVariableOp AssignVariableOp Atan Atan2 AvgPool AvgPool3D BatchMatMul BatchMatMulV2 BatchMatMulV3
    BatchToSpaceND BiasAdd BiasAddV1 Bitcast BroadcastArgs BroadcastTo Cast Ceil CheckNumerics ClipByValue Concat
    ConcatV2 Const Conv2D Conv2DBackpropInput Cos Cosh Cumsum DepthToSpace DepthwiseConv2dNative DisableCopyOnRead Div
    DivNoNan Einsum Elu EnsureShape Equal Erf Erfc Exp ExpandDims Expm1 ExtractImagePatches
    FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel Fill Floor FloorDiv FloorMod
    FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 Gather GatherNd GatherV2 Greater GreaterEqual HSVToRGB Identity
    IdentityN If ImageProjectiveTransformV2 ImageProjectiveTransformV3 InvertPermutation IsFinite IsInf IsNan L2Loss
    LRN LeakyRelu Less LessEqual LinSpace Log Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr MatMul Max MaxPool
    MaxPoolV2 Maximum Mean Min Minimum MirrorPad Mod Mul MulNoNan Neg NoOp NotEqual OneHot OnesLike Pack Pad PadV2
    PartitionedCall Placeholder PlaceholderWithDefault Pow PreventGradient Prod QuantizeAndDequantizeV2
    QuantizeAndDequantizeV3 QuantizeAndDequantizeV4 RGBToHSV RandomStandardNormal RandomUniform RandomUniformInt Range
    Rank ReadVariableOp RealDiv Reciprocal Relu Relu6 Reshape ResizeArea ResizeBicubic ResizeBilinear
    ResizeNearestNeighbor ResourceGather Reverse ReverseV2 RngReadAndSkip Round Rsqrt ScaleAndTranslate Select SelectV2
    Selu Shape ShapeN Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign SpaceToBatchND SpaceToDepth Split
    SplitV Sqrt Square SquaredDifference Squeeze StatefulPartitionedCall StatelessIf StatelessRandomGetAlg
    StatelessRandomGetKeyCounter StatelessRandomNormalV2 StatelessRandomUniformFullIntV2 StatelessRandomUniformIntV2
    StatelessRandomUniformV2 StatelessTruncatedNormalV2 StopGradient StridedSlice Sub Sum Tan Tanh Tile TopKV2
    Transpose TruncateDiv TruncatedNormal Unpack VarHandleOp VarIsInitializedOp VariableShape Where Xdivy Xlogy
    ZerosLike
    """
)
"""TensorFlow's operations of classifiers of pictures, training left in."""

OPERATIONS_OF_SAVERS = _words("MergeV2Checkpoints RestoreV2 SaveV2 ShardedFilename StaticRegexFullMatch StringJoin")
"""They read and write checkpoints: every SavedModel has functions of them, which nothing calls when it is loaded."""
